"""Service time in the hands of a test: it stands still, and moves on when it is told to."""

import psycopg


def stop_time(address: str, *, at: str = "2024-05-14 12:00+00") -> None:
    """Let service time stand still at an instant."""
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET demonstration = true, rate = 1e-9,"
            " wall_origin = clock_timestamp(), service_origin = CAST(%s AS timestamptz)",
            [at],
        )


def move_time(address: str, seconds: float) -> None:
    """Move service time on at once."""
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time"
            " SET service_origin = service_origin + make_interval(secs => %s)",
            [seconds],
        )
