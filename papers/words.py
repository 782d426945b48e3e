"""What papers are written in: English, Spanish, Catalan and Arabic. Pure.

Amounts keep Latin digits in every language, as the pages do; a code that has no word here (a
surcharge that members invented) stands as itself, so that nothing is left out.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from foundation.money import Currency, minor_digits

FALLBACK = "en"
LANGUAGES = ("en", "es", "ca", "ar")
RIGHT_TO_LEFT = frozenset({"ar"})
_COMMA = frozenset({"es", "ca"})
ACCEPTED_MAX = 20

_ROWS: Mapping[str, tuple[str, str, str, str]] = {
    "receipt": ("Receipt", "Recibo", "Rebut", "إيصال"),
    "invoice": ("Invoice", "Factura", "Factura", "فاتورة"),
    "credit_note": ("Credit note", "Factura rectificativa", "Factura rectificativa", "إشعار دائن"),
    "page": ("Page", "Página", "Pàgina", "صفحة"),
    "supplier": ("Supplier", "Proveedor", "Proveïdor", "المورّد"),
    "customer": ("Customer", "Cliente", "Client", "العميل"),
    "name": ("Name", "Nombre", "Nom", "الاسم"),
    "address": ("Address", "Dirección", "Adreça", "العنوان"),
    "vat_id": ("Tax number", "NIF/IVA", "NIF/IVA", "الرقم الضريبي"),
    "unnamed": ("The operator has not named the supplier.", "El operador no ha indicado el proveedor.",
                "L'operador no ha indicat el proveïdor.", "لم يذكر المشغّل اسم المورّد."),
    "number": ("Number", "Número", "Número", "الرقم"),
    "replaces": ("Replaces", "Sustituye a", "Substitueix", "يحل محل"),
    "issued": ("Issued", "Emitido", "Emès", "صدر في"),
    "period": ("Period", "Período", "Període", "الفترة"),
    "due": ("Due", "Vencimiento", "Venciment", "تاريخ الاستحقاق"),
    "corrects": ("Corrects invoice", "Rectifica la factura", "Rectifica la factura", "يصحّح الفاتورة"),
    "trip": ("Trip", "Viaje", "Viatge", "الرحلة"),
    "completed": ("Completed", "Terminado", "Acabat", "انتهت في"),
    "ended": ("Ended", "Finalizado", "Finalitzat", "أُلغيت في"),
    "distance_driven": ("Distance driven", "Distancia recorrida", "Distància recorreguda", "المسافة المقطوعة"),
    "lines": ("What was charged", "Conceptos", "Conceptes", "البنود"),
    "what": ("Item", "Concepto", "Concepte", "البند"),
    "amount": ("Amount", "Importe", "Import", "المبلغ"),
    "cost_centre": ("Cost centre", "Centro de coste", "Centre de cost", "مركز التكلفة"),
    "quantity": ("Quantity", "Cantidad", "Quantitat", "الكمية"),
    "total": ("Total", "Total", "Total", "المجموع"),
    "net": ("Net", "Base imponible", "Base imposable", "الصافي"),
    "tax": ("Tax", "Impuesto", "Impost", "الضريبة"),
    "tip": ("Tip, whole to the driver", "Propina, íntegra para quien conduce",
            "Propina, íntegra per a qui condueix", "إكرامية، كاملة للسائق"),
    "refunded": ("Given back", "Devuelto", "Retornat", "مبلغ مُعاد"),
    "remaining": ("Remains", "Queda", "Resta", "المتبقي"),
    "shares": ("Who receives it", "Quién lo recibe", "Qui ho rep", "من يستلمه"),
    "driver": ("Driver", "Quien conduce", "Qui condueix", "السائق"),
    "coop": ("Co-operative", "Cooperativa", "Cooperativa", "التعاونية"),
    "city": ("City", "Ciudad", "Ciutat", "المدينة"),
    "top_up": ("Top-up to the pay floor, from the co-operative", "Complemento hasta el mínimo, de la cooperativa",
               "Complement fins al mínim, de la cooperativa", "تكملة إلى الحد الأدنى من التعاونية"),
    "rules": ("By which rules", "Según qué reglas", "Segons quines regles", "وفق أي قواعد"),
    "tariff": ("Tariff, version {version}", "Tarifa, versión {version}", "Tarifa, versió {version}", "التعرفة، الإصدار {version}"),
    "pay_floor": ("Pay floor, version {version}", "Pago mínimo, versión {version}", "Pagament mínim, versió {version}",
                  "الحد الأدنى للأجر، الإصدار {version}"),
    "booking_policy": ("Booking policy, version {version}", "Normas de reserva, versión {version}",
                       "Normes de reserva, versió {version}", "قواعد الحجز، الإصدار {version}"),
    "motion": ("Motion", "Moción", "Moció", "الاقتراح"),
    "charter": ("Founding charter", "Carta fundacional", "Carta fundacional", "الميثاق التأسيسي"),
    "document_hash": ("SHA-256 of its document", "SHA-256 de su documento", "SHA-256 del seu document", "بصمة SHA-256 لوثيقته"),
    "payment": ("Payment", "Pago", "Pagament", "الدفع"),
    "paid": ("Paid", "Pagado", "Pagat", "تاريخ الدفع"),
    "way.cash": ("In cash, to the driver", "En efectivo, al conductor", "En efectiu, al conductor", "نقدًا للسائق"),
    "way.customer": ("On a customer's account", "A cuenta de un cliente", "A compte d'un client", "على حساب عميل"),
    "way.voucher": ("By voucher", "Con un vale", "Amb un val", "بقسيمة"),
    "way.card": ("By card", "Con tarjeta", "Amb targeta", "بالبطاقة"),
    "payment_unknown": ("On your account", "En su cuenta", "Al vostre compte", "على حسابك"),
    "corrections": ("Given back since", "Devoluciones", "Devolucions", "مبالغ أُعيدت"),
    "seal": ("Digest and signature", "Resumen y firma", "Resum i signatura", "البصمة والتوقيع"),
    "digest": ("SHA-256", "SHA-256", "SHA-256", "SHA-256"),
    "key": ("Key", "Clave", "Clau", "المفتاح"),
    "signature": ("Signature (Ed25519)", "Firma (Ed25519)", "Signatura (Ed25519)", "التوقيع (Ed25519)"),
    "unsigned": ("This paper is not signed.", "Este documento no está firmado.",
                 "Aquest document no està signat.", "هذه الوثيقة غير موقّعة."),
    "how_to_check": (
        "This sheet is made from a JSON document, and that is what is signed. Ask for it as JSON, and check it with: khan receipt verify FILE --url ADDRESS",
        "Esta hoja se hace a partir de un documento JSON, que es lo firmado. Pídalo como JSON y compruébelo con: khan receipt verify FILE --url ADDRESS",
        "Aquest full es fa a partir d'un document JSON, que és el que es signa. Demaneu-lo com a JSON i comproveu-lo amb: khan receipt verify FILE --url ADDRESS",
        "أُعدّت هذه الصفحة من وثيقة JSON، وهي الموقّعة. اطلبها بصيغة JSON وتحقق منها بالأمر: khan receipt verify FILE --url ADDRESS"),
    "line.flag": ("Base charge", "Bajada de bandera", "Baixada de bandera", "أجرة البدء"),
    "line.distance": ("Distance", "Distancia", "Distància", "المسافة"),
    "line.time": ("Time", "Tiempo", "Temps", "الوقت"),
    "line.minimum": ("Up to the minimum fare", "Hasta el importe mínimo", "Fins a l'import mínim", "تكملة إلى الحد الأدنى"),
    "line.stops": ("Stops", "Paradas", "Parades", "التوقفات"),
    "line.added_stops": ("Added stops", "Paradas añadidas", "Parades afegides", "توقفات مضافة"),
    "line.booking_fee": ("Booking fee", "Cargo por reserva", "Càrrec per reserva", "رسم الحجز"),
    "line.surcharge": ("Surcharge", "Suplemento", "Suplement", "رسم إضافي"),
    "line.shared": ("Shared trip", "Viaje compartido", "Viatge compartit", "رحلة مشتركة"),
    "line.concession": ("Concession", "Bonificación", "Bonificació", "خصم"),
    "line.waiting": ("Waiting", "Espera", "Espera", "الانتظار"),
    "line.change": ("Change of destination", "Cambio de destino", "Canvi de destinació", "تغيير الوجهة"),
    "line.pass_through": ("Outlay", "Gasto repercutido", "Despesa repercutida", "نفقات"),
    "line.cancellation_fee": ("Cancellation fee", "Cargo por cancelación", "Càrrec per cancel·lació", "رسم الإلغاء"),
    "line.no_show_fee": ("No-show fee", "Cargo por no presentarse", "Càrrec per no presentar-se", "رسم عدم الحضور"),
}  # fmt: skip
"""Each in the order of LANGUAGES."""


def say(word: str, language: str, **values: object) -> str:
    """A word of a paper in a language of LANGUAGES."""
    return _ROWS[word][LANGUAGES.index(language)].format(**values)


def say_line(code: str, language: str) -> str:
    """What a line of a fare is called: `surcharge.night` is a surcharge named night."""
    kind, _, name = code.partition(".")
    word = f"line.{kind}"
    if word not in _ROWS:
        return code
    said = say(word, language)
    if not name:
        return said
    return f"{said}: {say_line(name, language).replace('_', ' ')}"


def say_money(minor: int, currency: str, language: str) -> str:
    """An amount: 12.50 USD, 12,50 USD. The space does not break."""
    digits = minor_digits(Currency(currency))
    whole, part = divmod(abs(minor), 10**digits)
    comma = "," if language in _COMMA else "."
    fraction = f"{comma}{part:0{digits}d}" if digits else ""
    return f"{'−' if minor < 0 else ''}{whole}{fraction}\N{NO-BREAK SPACE}{currency}"


def say_instant(instant: datetime, timezone: str) -> str:
    """An instant by the city's clocks, with the zone: 2014-12-21 21:00 (America/New_York)."""
    return f"{instant.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} ({timezone})"


def choose_language(accepted: str) -> str:
    """The language of ours that an `Accept-Language` header likes best (RFC 9110, 12.5.4)."""
    best, weight = FALLBACK, 0.0
    for part in accepted.split(",")[:ACCEPTED_MAX]:
        tag, _, quality = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES and (found := _quality(quality)) > weight:
            best, weight = language, found
    return best


def _quality(said: str) -> float:
    name, _, value = said.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0) if name == "q" else 1.0
    except ValueError:
        return 0.0
