"""Who pays and gets what for each trip asked for, by the arithmetic of `fares` alone."""

from dataclasses import dataclass

import numpy as np

from fares.month import PriceBy
from fares.pay import driver_pay
from fares.price import price
from simulation.impact.demand import Demand
from simulation.study.scenario import Whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Amounts:
    """What each request's trip costs and brings, in minor units; all int64, (requests,).

    ``fare`` is always ``driver`` + ``coop`` + ``city``.

    Attributes
    ----------
    fare
        What the rider is quoted, and pays.
    driver, top_up
        The driver's pay, and the part of it that the co-operative adds to reach the floor.
    coop
        The co-operative's share less the top-up.
    city
        The city's share and what goes whole to it.
    """

    fare: Whole
    driver: Whole
    top_up: Whole
    coop: Whole
    city: Whole


def amounts_of(demand: Demand, by: PriceBy) -> Amounts:
    """Price every request; each as it would be quoted, and driven as quoted.

    Raises
    ------
    fares.errors.VehicleClassUnknown
        If the tariff has no price for the demand's class.
    """
    rows = np.zeros((len(demand), 5), dtype=np.int64)
    for number, (journey, at) in enumerate(demand.journeys()):
        priced = price(by.tariff, journey, at)
        pay = driver_pay(priced.lines, journey, share=by.tariff.share, floors=by.floors)
        rows[number] = (
            priced.total.minor,
            pay.pay_minor,
            pay.top_up_minor,
            priced.shares.coop_minor - pay.top_up_minor,
            priced.shares.city_minor,
        )
    return Amounts(**dict(zip(("fare", "driver", "top_up", "coop", "city"), rows.T, strict=True)))
