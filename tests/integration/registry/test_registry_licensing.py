"""Who is fit to work: papers to the second, standing at once, and no way around it."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from foundation.identifiers import CredentialId, DriverId, PersonId, VehicleId
from registry.errors import (
    CredentialNotFound,
    CredentialWithdrawnAlready,
    DetailInvalid,
    DriverLicensedAlready,
    DriverNotFound,
    NotFitToWork,
    PersonNotFound,
    VehicleNotFound,
    VehicleRegisteredAlready,
)
from registry.licence import SUBJECT_OF, USUAL_PAPERS, CredentialKind, Enrolment, Paper, Standing
from registry.person import Role
from registry.service import (
    add_credential,
    end_permission,
    end_requirement,
    forget_person,
    license_driver,
    permit_vehicle,
    register_vehicle,
    require_credential,
    require_fit,
    set_standing,
    withdraw_credential,
)
from registry.views import (
    driver_card,
    driver_cards,
    first_names,
    fitness,
    list_vehicles,
    person_view,
)
from storage.engine import Database
from storage.work import UnitOfWork
from tests.people import VAULT, a_driver, a_rider, a_vehicle, an_officer, usual_papers

UNFIT = text("SELECT registry.unfit_reasons(:driver_id, :vehicle_id, :at)")


class Scene:
    """An officer and a driver with a car."""

    def __init__(self, database: Database, officer: PersonId, enrolment: Enrolment) -> None:
        self.database = database
        self.officer = officer
        self.driver_id = enrolment.driver_id
        self.vehicle_id = enrolment.vehicle_id

    async def reasons(
        self, work: UnitOfWork, at: datetime | None = None, vehicle_id: VehicleId | None = None
    ) -> list[str]:
        row = await work.execute(
            UNFIT,
            {
                "driver_id": self.driver_id,
                "vehicle_id": vehicle_id or self.vehicle_id,
                "at": at or work.now,
            },
        )
        found: list[str] = row.scalar_one()
        return found

    async def suspend(self, work: UnitOfWork, standing: Standing = Standing.SUSPENDED) -> None:
        await set_standing(work, self.driver_id, standing, reason="a test", by=self.officer)


@pytest.fixture
async def scene(database: Database) -> Scene:
    async with database.work() as work:
        officer = await an_officer(work)
        return Scene(database, officer, await a_driver(work, officer))


def paper(kind: CredentialKind, now: datetime, *, days: float = 100) -> Paper:
    return Paper(kind=kind, valid_from=now - timedelta(days=1), valid_to=now + timedelta(days=days))


async def find_credential(work: UnitOfWork, kind: CredentialKind) -> CredentialId:
    row = await work.execute(
        text("SELECT credential_id FROM registry.credential WHERE kind = :kind"), {"kind": kind}
    )
    return CredentialId(row.scalar_one())


async def test_a_driver_with_every_paper_is_fit(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        await require_fit(work, scene.driver_id, scene.vehicle_id, work.now)
        me = await person_view(work, PersonId(scene.driver_id), vault=VAULT)
        fit = await fitness(work, scene.driver_id, work.now, vehicle_id=scene.vehicle_id)
    assert me.roles == (Role.DRIVER, Role.RIDER)
    assert fit.reasons == ()
    assert fit.expiring == ()


async def test_enrolment_is_announced_whole_and_without_personal_data(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        rows = (
            await work.execute(
                text("SELECT kind, driver_id FROM storage.outbox ORDER BY outbox_id")
            )
        ).all()
    kinds = [row.kind for row in rows]
    assert kinds.count("credential_added") == len(USUAL_PAPERS)
    assert kinds[-8:-5] == ["driver_licensed", "vehicle_registered", "vehicle_permission_changed"]
    assert scene.driver_id in [row.driver_id for row in rows]


@pytest.mark.parametrize("missing", USUAL_PAPERS)
async def test_I11_each_paper_a_city_asks_for_is_missed(
    database: Database, missing: CredentialKind
) -> None:
    async with database.work() as work:
        officer = await an_officer(work)
        papers = [one for one in usual_papers(work.now) if one.kind is not missing]
        scene = Scene(database, officer, await a_driver(work, officer, papers=papers))
        assert await scene.reasons(work) == [f"{missing}_missing"]
        with pytest.raises(NotFitToWork) as refused:
            await require_fit(work, scene.driver_id, scene.vehicle_id, work.now)
    assert refused.value.reasons == (f"{missing}_missing",)


@pytest.mark.parametrize("kind", USUAL_PAPERS)
async def test_I11_a_paper_is_valid_up_to_its_last_instant_and_not_at_its_end(
    database: Database, kind: CredentialKind
) -> None:
    end = datetime(2031, 3, 1, tzinfo=UTC)
    async with database.work() as work:
        officer = await an_officer(work)
        papers = [
            Paper(
                kind=one.kind,
                valid_from=one.valid_from,
                valid_to=end if one.kind is kind else end + timedelta(days=9),
            )
            for one in usual_papers(work.now)
        ]
        scene = Scene(database, officer, await a_driver(work, officer, papers=papers))
        start = papers[0].valid_from
        assert await scene.reasons(work, end - timedelta(microseconds=1)) == []
        assert await scene.reasons(work, end) == [f"{kind}_expired"]
        assert await scene.reasons(work, start) == []
        assert len(await scene.reasons(work, start - timedelta(microseconds=1))) == 5


async def test_a_renewed_paper_counts_without_a_gap(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        later = work.now + timedelta(days=400)
        assert len(await scene.reasons(work, later)) == 5
        for one in usual_papers(work.now, days=800):
            whose = (
                {"driver_id": scene.driver_id}
                if SUBJECT_OF[one.kind] == "driver"
                else {"vehicle_id": scene.vehicle_id}
            )
            await add_credential(work, one, by=scene.officer, **whose)
        assert await scene.reasons(work, later) == []


async def test_I11_a_suspended_driver_is_unfit_at_once_and_fit_again_when_restored(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        await scene.suspend(work)
        assert await scene.reasons(work) == ["driver_suspended"]
    async with database.work() as work:
        await scene.suspend(work, Standing.GOOD)
        assert await scene.reasons(work) == []
    async with database.work() as work:
        rows = await work.execute(
            text("SELECT key FROM storage.outbox WHERE kind = 'standing_changed' ORDER BY 1")
        )
        keys = [key.rsplit(":", 1)[1] for key in rows.scalars()]
    assert keys == ["2", "3"]


async def test_I11_a_withdrawn_paper_counts_no_longer(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        credential_id = await find_credential(work, CredentialKind.INSURANCE)
        before = work.now
    async with database.work() as work:
        await withdraw_credential(work, credential_id, reason="not paid", by=scene.officer)
    async with database.work() as work:
        assert await scene.reasons(work) == ["insurance_withdrawn"]
        # An instant read before the withdrawal does not outlive it.
        assert await scene.reasons(work, before) == ["insurance_withdrawn"]
        with pytest.raises(CredentialWithdrawnAlready):
            await withdraw_credential(work, credential_id, reason="again", by=scene.officer)
        with pytest.raises(CredentialNotFound):
            await withdraw_credential(
                work, CredentialId(work.new_id()), reason="none", by=scene.officer
            )


async def test_I11_a_vehicle_no_longer_permitted_is_refused(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        before = work.now
    async with database.work() as work:
        await end_permission(work, scene.driver_id, scene.vehicle_id, by=scene.officer)
        assert await scene.reasons(work, before) == ["vehicle_not_permitted"]
        assert await list_vehicles(work, scene.driver_id) == ()
        await permit_vehicle(work, scene.driver_id, scene.vehicle_id, by=scene.officer)
        await permit_vehicle(work, scene.driver_id, scene.vehicle_id, by=scene.officer)
        assert await scene.reasons(work) == []


async def test_somebody_elses_vehicle_answers_as_one_that_does_not_exist(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        other = await a_driver(work, scene.officer, 2, papers=[])
        foreign = await scene.reasons(work, vehicle_id=other.vehicle_id)
        unknown = await scene.reasons(work, vehicle_id=VehicleId(work.new_id()))
    assert foreign == unknown == ["vehicle_not_permitted"]


async def test_an_unknown_driver_is_unfit(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        fit = await fitness(work, DriverId(work.new_id()), work.now)
    assert fit.reasons[:2] == ("driver_not_licensed", "driver_without_standing")


async def test_what_a_city_asks_for_is_its_own_affair(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        await require_credential(
            work, CredentialKind.BACKGROUND_CHECK, required_from=work.now, by=scene.officer
        )
        await end_requirement(work, CredentialKind.INSURANCE, by=scene.officer)
        await withdraw_credential(
            work,
            await find_credential(work, CredentialKind.INSURANCE),
            reason="not asked for",
            by=scene.officer,
        )
        assert await scene.reasons(work) == ["background_check_missing"]
        await add_credential(
            work,
            paper(CredentialKind.BACKGROUND_CHECK, work.now),
            by=scene.officer,
            driver_id=scene.driver_id,
        )
        assert await scene.reasons(work) == []


async def test_what_ends_within_thirty_days_is_named_once_renewed_no_more(
    database: Database,
) -> None:
    async with database.work() as work:
        officer = await an_officer(work)
        papers = [
            paper(kind, work.now, days=10 if kind is CredentialKind.INSURANCE else 90)
            for kind in USUAL_PAPERS
        ]
        scene = Scene(database, officer, await a_driver(work, officer, papers=papers))
        (soon,) = (await fitness(work, scene.driver_id, work.now)).expiring
        assert (soon.kind, soon.vehicle_id) == (CredentialKind.INSURANCE, scene.vehicle_id)
        assert soon.valid_to == work.now + timedelta(days=10)
        await add_credential(
            work,
            paper(CredentialKind.INSURANCE, work.now, days=200),
            by=officer,
            vehicle_id=scene.vehicle_id,
        )
        assert (await fitness(work, scene.driver_id, work.now)).expiring == ()


async def test_a_licence_number_a_plate_and_a_driver_are_licensed_once(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        rider = PersonId(await a_rider(work))
        with pytest.raises(DriverLicensedAlready):
            await license_driver(work, rider, licence_number="D-00001", by=scene.officer)
        with pytest.raises(DriverLicensedAlready):
            await license_driver(
                work, PersonId(scene.driver_id), licence_number="D-2", by=scene.officer
            )
        with pytest.raises(PersonNotFound):
            await license_driver(
                work, PersonId(work.new_id()), licence_number="D-2", by=scene.officer
            )
        with pytest.raises(VehicleRegisteredAlready):
            await register_vehicle(
                work, a_vehicle(1, plate="test 0001", licence_number="V-2"), by=scene.officer
            )
        with pytest.raises(VehicleRegisteredAlready):
            await register_vehicle(work, a_vehicle(2, licence_number="V-00001"), by=scene.officer)


async def test_papers_and_permissions_of_nobody_are_refused(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        nobody, nothing = DriverId(work.new_id()), VehicleId(work.new_id())
        insurance = paper(CredentialKind.INSURANCE, work.now)
        licence = paper(CredentialKind.DRIVING_LICENCE, work.now)
        with pytest.raises(DetailInvalid):
            await add_credential(work, insurance, by=scene.officer, driver_id=scene.driver_id)
        with pytest.raises(DriverNotFound):
            await add_credential(work, licence, by=scene.officer, driver_id=nobody)
        with pytest.raises(VehicleNotFound):
            await add_credential(work, insurance, by=scene.officer, vehicle_id=nothing)
        with pytest.raises(DriverNotFound):
            await permit_vehicle(work, nobody, scene.vehicle_id, by=scene.officer)
        with pytest.raises(VehicleNotFound):
            await permit_vehicle(work, scene.driver_id, nothing, by=scene.officer)
        with pytest.raises(DriverNotFound):
            await set_standing(work, nobody, Standing.SUSPENDED, reason="a test", by=scene.officer)
        with pytest.raises(DetailInvalid):
            await set_standing(
                work, scene.driver_id, Standing.SUSPENDED, reason=" ", by=scene.officer
            )


async def test_a_rider_sees_who_comes_in_what(database: Database, scene: Scene) -> None:
    async with database.work() as work:
        second = await a_driver(work, scene.officer, 2)
        card = await driver_card(work, scene.driver_id, scene.vehicle_id, vault=VAULT)
        pairs = [
            (scene.driver_id, scene.vehicle_id),
            (second.driver_id, second.vehicle_id),
            (DriverId(work.new_id()), second.vehicle_id),
        ]
        cards = await driver_cards(work, pairs, vault=VAULT)
        with pytest.raises(DriverNotFound):
            await driver_card(work, pairs[2][0], second.vehicle_id, vault=VAULT)
        (mine,) = await list_vehicles(work, scene.driver_id)
    assert (card.first_name, card.plate, card.colour) == ("Dora1", "TEST 0001", "blue")
    assert (card.make, card.model, card.seats) == ("Toyota", "Corolla", 4)
    assert set(cards) == {scene.driver_id, second.driver_id}
    assert cards[scene.driver_id] == card
    assert mine.details.plate == card.plate


async def test_a_driver_sees_first_names_and_those_of_the_forgotten_are_gone(
    database: Database, scene: Scene
) -> None:
    async with database.work() as work:
        rider = PersonId(await a_rider(work))
        both = [rider, PersonId(scene.driver_id), PersonId(work.new_id())]
        named = await first_names(work, both, vault=VAULT)
        await forget_person(work, PersonId(scene.driver_id))
        left = await first_names(work, both, vault=VAULT)
        card = await driver_card(work, scene.driver_id, scene.vehicle_id, vault=VAULT)
    assert named == {rider: "Rita1", scene.driver_id: "Dora1"}
    assert left == {rider: "Rita1"}
    assert (card.first_name, card.plate) == ("", "TEST 0001")


async def test_the_kinds_of_paper_are_those_of_the_database(owner: psycopg.Connection) -> None:
    rows = owner.execute("SELECT kind, subject FROM registry.credential_kind").fetchall()
    assert dict(rows) == {kind.value: subject.value for kind, subject in SUBJECT_OF.items()}
    asked = owner.execute("SELECT kind FROM registry.required_credential").fetchall()
    assert {kind for (kind,) in asked} == {kind.value for kind in USUAL_PAPERS}


# ------------------------------------------------------- two sessions at once, and planted defects


async def _is_waiting(owner: psycopg.Connection) -> None:
    """Until somebody waits for a lock. Bounded by the test's own time limit."""
    while True:
        row = owner.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
        if row != (0,):
            return
        await asyncio.sleep(0)


CHANGES = ["suspend", "withdraw_driver_paper", "withdraw_vehicle_paper", "end_permission"]


async def change(scene: Scene, work: UnitOfWork, what: str) -> None:
    if what == "suspend":
        await scene.suspend(work)
    elif what == "end_permission":
        await end_permission(work, scene.driver_id, scene.vehicle_id, by=scene.officer)
    else:
        kind = CredentialKind.DRIVING_LICENCE if "driver" in what else CredentialKind.INSURANCE
        credential_id = await find_credential(work, kind)
        await withdraw_credential(work, credential_id, reason="a test", by=scene.officer)


@pytest.mark.parametrize("what", CHANGES)
async def test_I11_an_acceptance_waits_for_a_revocation_under_way_and_then_sees_it(
    database: Database, owner: psycopg.Connection, scene: Scene, what: str
) -> None:
    async with database.work() as accepting:
        async with database.work() as revoking:
            await change(scene, revoking, what)
            asked = asyncio.create_task(scene.reasons(accepting))
            await _is_waiting(owner)
            assert not asked.done()
        assert len(await asked) == 1


@pytest.mark.parametrize("what", CHANGES)
async def test_I11_a_revocation_waits_for_an_acceptance_that_was_told_yes(
    database: Database, owner: psycopg.Connection, scene: Scene, what: str
) -> None:
    async with database.work() as revoking:
        async with database.work() as accepting:
            assert await scene.reasons(accepting) == []
            revoked = asyncio.create_task(change(scene, revoking, what))
            await _is_waiting(owner)
            assert not revoked.done()
            assert await scene.reasons(accepting) == []
        await revoked
    async with database.work() as work:
        assert len(await scene.reasons(work)) == 1


async def test_two_acceptances_do_not_wait_for_one_another(
    database: Database, scene: Scene
) -> None:
    async with database.work() as first, database.work() as second:
        assert await scene.reasons(first) == []
        assert await scene.reasons(second) == []


async def test_two_decisions_at_once_are_numbered_in_the_order_they_took_effect(
    database: Database, owner: psycopg.Connection, scene: Scene
) -> None:
    async with database.work() as second:
        async with database.work() as first:
            await scene.suspend(first)
            later = asyncio.create_task(scene.suspend(second, Standing.GOOD))
            await _is_waiting(owner)
        await later
    rows = owner.execute(
        "SELECT standing FROM registry.standing ORDER BY sequence, set_at"
    ).fetchall()
    assert [standing for (standing,) in rows] == ["good", "suspended", "good"]
    async with database.work() as work:
        assert await scene.reasons(work) == []


@pytest.mark.parametrize("defect", [
    "DROP TRIGGER locks_its_subject ON registry.standing",
    """CREATE OR REPLACE FUNCTION registry.unfit_reasons(driver uuid, vehicle uuid, at timestamptz)
       RETURNS text[] LANGUAGE sql VOLATILE AS $$ SELECT registry.reasons_against($1, $2, $3) $$""",
])  # fmt: skip
async def test_I11_without_its_locks_an_acceptance_would_miss_a_revocation(
    database: Database, owner: psycopg.Connection, scene: Scene, defect: str
) -> None:
    """The two locks are what holds I11: with either taken away, both transactions pass."""
    owner.execute("ALTER TABLE registry.standing ALTER COLUMN sequence SET DEFAULT 99")
    owner.execute(defect)
    async with database.work() as accepting, database.work() as revoking:
        await scene.suspend(revoking)
        assert await scene.reasons(accepting) == []


@pytest.mark.parametrize("table", [
    "standing", "credential", "credential_withdrawal", "driver", "vehicle", "credential_kind",
])  # fmt: skip
async def test_what_was_licensed_is_never_rewritten(
    database: Database, owner: psycopg.Connection, scene: Scene, table: str
) -> None:
    async with database.work() as work:
        credential_id = await find_credential(work, CredentialKind.INSURANCE)
        await withdraw_credential(work, credential_id, reason="a test", by=scene.officer)
    column = owner.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'registry' AND table_name = %s LIMIT 1",
        [table],
    ).fetchone()
    assert column is not None
    for statement in (
        f"UPDATE registry.{table} SET {column[0]} = {column[0]}",
        f"DELETE FROM registry.{table}",
        f"TRUNCATE registry.{table} CASCADE",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement)
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.work() as work:
                await work.execute(text(statement))


@pytest.mark.parametrize("statement", [
    "UPDATE registry.driver_vehicle SET ended_at = NULL",
    "UPDATE registry.driver_vehicle SET vehicle_id = driver_id, ended_at = service_now()",
    "UPDATE registry.required_credential SET kind = 'background_check', ended_at = service_now()",
    "DELETE FROM registry.driver_vehicle",
    "DELETE FROM registry.required_credential",
])  # fmt: skip
async def test_what_may_end_does_nothing_else(
    owner: psycopg.Connection, scene: Scene, statement: str
) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


@pytest.mark.parametrize(("columns", "constraint"), [
    ("'insurance', 'driver', :driver_id, NULL, :now, 'infinity'", "credential_kind"),
    ("'insurance', 'vehicle', :driver_id, NULL, :now, 'infinity'", "a_credential_has_one_subject"),
    ("'insurance', 'vehicle', NULL, NULL, :now, 'infinity'", "a_credential_has_one_subject"),
    ("'driving_licence', 'driver', :driver_id, NULL, :now, :now", "a_credential_has_a_span"),
])  # fmt: skip
async def test_a_paper_of_the_wrong_thing_is_refused_by_the_database(
    database: Database, scene: Scene, columns: str, constraint: str
) -> None:
    statement = text(f"""
        INSERT INTO registry.credential (kind, subject, driver_id, vehicle_id, valid_from,
                                         valid_to, credential_id, verified_by, added_at)
        SELECT kind, subject, driver_id, vehicle_id, valid_from, valid_to, :new, :by, :now
        FROM (SELECT {columns}) AS made(kind, subject, driver_id, vehicle_id, valid_from, valid_to)
    """.replace(":now", "CAST(:now AS timestamptz)")
       .replace(":driver_id", "CAST(:driver_id AS uuid)")
       .replace("NULL", "CAST(NULL AS uuid)")
       .replace("'infinity'", "CAST('infinity' AS timestamptz)"))  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint):
        async with database.work() as work:
            values = {"new": work.new_id(), "by": scene.officer, "now": work.now}
            if ":driver_id" in columns:
                values["driver_id"] = scene.driver_id
            await work.execute(statement, values)


async def test_three_hundred_drivers_are_enrolled_in_one_unit_of_work(database: Database) -> None:
    async with database.work() as work:
        officer = await an_officer(work)
        for number in range(300):
            await a_driver(work, officer, number)
    async with database.work() as work:
        row = await work.execute(
            text("""
                SELECT count(*) FILTER (
                    WHERE registry.reasons_against(driver_id, vehicle_id, service_now()) = '{}')
                FROM registry.driver_vehicle
            """)
        )
        assert row.scalar_one() == 300
