"""What a statement says, in English, Spanish, Catalan and Arabic. Pure.

Figures are Latin ones in every language, and times ISO 8601: they stand in tables and are compared.
"""

from collections.abc import Mapping

from fares.pay import say_rate
from foundation.money import Money
from ledger.statements.floor import FloorCheck
from ledger.statements.values import Line, What
from ledger.transfer import Kind

FALLBACK = "en"
LANGUAGES = ("ar", "ca", "en", "es")
"""ISO 639."""
LEFT_TO_RIGHT = "\u200e"

WHY: Mapping[str, Mapping[str, str]] = {
    "share": {
        "en": "{percent} % of {of}, what is divided of the {charge}",
        "es": "{percent} % de {of}, lo que se reparte de {charge}",
        "ca": "{percent} % de {of}, el que es reparteix de {charge}",
        "ar": "{percent} ٪ من {of}، وهو ما يُقسَّم من {charge}",
    },
    "extra": {
        "en": "wholly yours: {code}",
        "es": "íntegro para ti: {code}",
        "ca": "íntegre per a tu: {code}",
        "ar": "لك كاملاً: {code}",
    },
    "top_up": {
        "en": "from the co-operative, to reach the pay floor",
        "es": "de la cooperativa, hasta el suelo de pago",
        "ca": "de la cooperativa, fins al mínim de pagament",
        "ar": "من التعاونية، لبلوغ الحد الأدنى للأجر",
    },
    "tip": {
        "en": "a tip, wholly yours",
        "es": "una propina, íntegra para ti",
        "ca": "una propina, íntegra per a tu",
        "ar": "إكرامية، لك كاملة",
    },
    "outlay": {
        "en": "an outlay given back: {code}",
        "es": "un gasto reembolsado: {code}",
        "ca": "una despesa reemborsada: {code}",
        "ar": "نفقة مُعادة إليك: {code}",
    },
    "cash": {
        "en": "you took the fare in cash, so it is owed to you no longer",
        "es": "cobraste el viaje en efectivo, así que ya no se te debe",
        "ca": "vas cobrar el viatge en efectiu, de manera que ja no se't deu",
        "ar": "قبضت الأجرة نقداً، فلم تعد مستحقة لك",
    },
    "payout": {
        "en": "paid out to your bank account",
        "es": "pagado a tu cuenta bancaria",
        "ca": "pagat al teu compte bancari",
        "ar": "دُفع إلى حسابك المصرفي",
    },
    "payout_returned": {
        "en": "a payout came back from the bank",
        "es": "un pago devuelto por el banco",
        "ca": "un pagament retornat pel banc",
        "ar": "دفعة أعادها المصرف",
    },
    "reversal": {
        "en": "put right: {reason}",
        "es": "corregido: {reason}",
        "ca": "corregit: {reason}",
        "ar": "تصحيح: {reason}",
    },
    "allocation": {
        "en": "your part of the surplus",
        "es": "tu parte del excedente",
        "ca": "la teva part de l'excedent",
        "ar": "حصتك من الفائض",
    },
    "other": {
        "en": "another entry: {kind}",
        "es": "otro asiento: {kind}",
        "ca": "un altre assentament: {kind}",
        "ar": "قيد آخر: {kind}",
    },
    "floor": {
        "en": "{why} {name}, version {version}: {metres} m at {distance} a {unit} and {seconds} s at "
        "{minute} a minute, at least {least}, come to {floor}; your share was {share}",
        "es": "{why} {name}, versión {version}: {metres} m a {distance} por {unit} y {seconds} s a "
        "{minute} por minuto, al menos {least}, son {floor}; tu parte era {share}",
        "ca": "{why} {name}, versió {version}: {metres} m a {distance} per {unit} i {seconds} s a "
        "{minute} per minut, com a mínim {least}, són {floor}; la teva part era {share}",
        "ar": "{why} {name}، الإصدار {version}: {metres} م بسعر {distance} لكل {unit} و{seconds} ث "
        "بسعر {minute} للدقيقة، وعلى الأقل {least}، تساوي {floor}؛ وكانت حصتك {share}",
    },
}
"""Why a line is there, by what it is, then language. Each has every language."""

CHARGE: Mapping[Kind, Mapping[str, str]] = {
    Kind.FARE: {"en": "fare", "es": "la tarifa", "ca": "la tarifa", "ar": "الأجرة"},
    Kind.CANCELLATION_FEE: {
        "en": "cancellation fee",
        "es": "la tasa de cancelación",
        "ca": "la taxa de cancel·lació",
        "ar": "رسم الإلغاء",
    },
    Kind.NO_SHOW_FEE: {
        "en": "no-show fee",
        "es": "la tasa por no presentarse",
        "ca": "la taxa per no presentar-se",
        "ar": "رسم عدم الحضور",
    },
}

LABELS: Mapping[str, tuple[str, str, str, str]] = {
    # in the order of `LANGUAGES`: Arabic, Catalan, English, Spanish
    "statement": ("كشف حساب", "Extracte", "Statement", "Extracto"),
    "week": ("الأسبوع", "Setmana", "Week", "Semana"),
    "shift": ("الوردية", "Torn", "Shift", "Turno"),
    "trip": ("الرحلة", "Viatge", "Trip", "Viaje"),
    "days": ("الأيام", "Dies", "Days", "Días"),
    "driver": ("السائق", "Conductor", "Driver", "Conductor"),
    "totals": ("المجاميع", "Totals", "Totals", "Totales"),
    "opening": ("الرصيد الافتتاحي", "Saldo inicial", "Opening balance", "Saldo inicial"),
    "closing": ("الرصيد الختامي", "Saldo final", "Closing balance", "Saldo final"),
    "pay": ("الأجر", "Paga", "Pay", "Paga"),
    "tips": ("الإكراميات", "Propines", "Tips", "Propinas"),
    "outlays": ("نفقات مُعادة", "Despeses reemborsades", "Outlays given back", "Gastos reembolsados"),
    "cash": ("نقد مقبوض", "Efectiu cobrat", "Cash you took", "Efectivo cobrado"),
    "payouts": ("دفعات إلى المصرف", "Pagaments al banc", "Payouts", "Pagos al banco"),
    "other": ("غير ذلك", "Altres", "Other", "Otros"),
    "sum": ("المجموع", "Suma", "Sum", "Suma"),
    "work": ("العمل", "Feina", "Work", "Trabajo"),
    "on_shift": ("الوقت في الوردية", "Temps de torn", "Time on shift", "Tiempo de turno"),
    "engaged": ("الوقت مع رحلة", "Temps amb viatge", "Time with a trip", "Tiempo con viaje"),
    "distance": ("كيلومترات مع راكب", "Quilòmetres amb passatger", "Kilometres with a rider",
                 "Kilómetros con pasajero"),
    "trips": ("الرحلات", "Viatges", "Trips", "Viajes"),
    "shifts": ("الورديات", "Torns", "Shifts", "Turnos"),
    "lines": ("القيود", "Línies", "Lines", "Líneas"),
    "rates": ("الأجر بالساعة وبالكيلومتر", "Paga per hora i quilòmetre", "Pay by hour and kilometre",
              "Paga por hora y kilómetro"),
    "engaged_hour": ("لكل ساعة مع رحلة", "Per hora amb viatge", "An hour with a trip",
                     "Por hora con viaje"),
    "shift_hour": ("لكل ساعة في الوردية", "Per hora de torn", "An hour on shift",
                   "Por hora de turno"),
    "kilometre": ("لكل كيلومتر", "Per quilòmetre", "A kilometre", "Por kilómetro"),
    "costs": ("تكاليفك", "Els teus costos", "Your costs", "Tus costes"),
    "after_costs": ("الأجر بعد التكاليف", "Paga després de costos", "Pay after costs",
                    "Paga después de costes"),
    "floors": ("الحد الأدنى للأجر", "Mínim de pagament", "Pay floor", "Suelo de pago"),
    "share": ("الحصة", "Part", "Share", "Parte"),
    "top_up": ("التكملة", "Complement", "Top-up", "Complemento"),
    "when": ("الوقت", "Quan", "When", "Cuándo"),
    "why": ("السبب", "Per què", "Why", "Por qué"),
    "amount": ("المبلغ", "Import", "Amount", "Importe"),
    "none": ("لا شيء", "res", "none", "nada"),
    "nothing": ("لا قيود في هذا الوقت.", "No hi ha cap línia en aquest temps.",
                "There are no lines in this time.", "No hay líneas en este tiempo."),
    "page": ("صفحة", "Pàgina", "Page", "Página"),
    "fuel": ("وقود", "Carburant", "Fuel", "Combustible"),
    "charging": ("شحن", "Recàrrega", "Charging", "Recarga"),
    "insurance": ("تأمين", "Assegurança", "Insurance", "Seguro"),
    "repairs": ("إصلاح", "Reparacions", "Repairs", "Reparaciones"),
}  # fmt: skip


def label(word: str, language: str) -> str:
    """A heading, in this language where we have it, else in English."""
    return LABELS[word][LANGUAGES.index(spoken(language))]


def spoken(language: str) -> str:
    """The language if we write in it, else English."""
    return language if language in LANGUAGES else FALLBACK


def beside(value: object, language: str) -> str:
    """Figures and Latin words as they stand in a sentence of this language.

    In Arabic a left-to-right mark goes before them (Unicode Annex 9): or `8.00 USD` would turn round.
    """
    return f"{LEFT_TO_RIGHT}{value}" if language == "ar" else str(value)


def why(line: Line, language: str) -> str:
    """One sentence that a driver can check."""
    language = spoken(language)
    entered, what = line.entered, line.what
    said = WHY[what.value][language]
    if what is What.SHARE:
        assert entered.share_of_minor is not None
        assert entered.share_bps is not None
        return said.format(
            percent=beside(_percent(entered.share_bps), language),
            of=beside(Money(entered.share_of_minor, entered.currency), language),
            charge=CHARGE[entered.kind][language],
        )
    if line.floor is not None:
        return _floor(line.floor, said, language)
    return said.format(
        code=beside(entered.code.partition(".")[2] or entered.code, language),
        reason=entered.reason or "?",
        kind=beside(entered.kind.value.replace("_", " "), language),
    )


def _percent(bps: int) -> str:
    """Basis points as a percentage with no more digits than it has: 8250 is 82.5."""
    whole, part = divmod(bps, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)


def _floor(floor: FloorCheck, said: str, language: str) -> str:
    """The floor with its numbers; its name alone where the rule is not known."""
    if floor.distance_mills is None or floor.minute_mills is None:
        return f"{said} {floor.name or ''}".strip()
    values = {
        "name": floor.name,
        "version": floor.version,
        "metres": floor.metres,
        "seconds": floor.seconds,
        "unit": floor.unit,
        "distance": say_rate(floor.distance_mills, floor.currency),
        "minute": say_rate(floor.minute_mills, floor.currency),
        "least": Money(floor.per_trip_min_minor or 0, floor.currency),
        "floor": Money(floor.floor_minor, floor.currency),
        "share": Money(floor.share_minor, floor.currency),
    }
    known = {name: beside(value, language) for name, value in values.items()}
    return WHY["floor"][language].format(why=said, **known)
