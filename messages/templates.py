"""What our texts say, in English, Spanish, Catalan and Arabic. Pure.

A code's text names who sends it and warns against passing it on: most stolen accounts were opened
with a code read out over the telephone to somebody who said they were support.
"""

from collections.abc import Mapping

FALLBACK = "en"

TEXTS: Mapping[str, Mapping[str, str]] = {
    "sign_in_code": {
        "en": "{code} is your Khan Cars code. It works once, for five minutes. "
        "We never call to ask for it.",
        "es": "{code} es tu código de Khan Cars. Sirve una sola vez, durante cinco minutos. "
        "Nunca llamamos para pedirlo.",
        "ca": "{code} és el teu codi de Khan Cars. Serveix una sola vegada, durant cinc minuts. "
        "No truquem mai per demanar-lo.",
        "ar": "{code} هو رمزك في Khan Cars. يعمل مرة واحدة خلال خمس دقائق. لا نتصل أبداً لطلبه.",
    },
    "payout_ordered": {
        "en": "Khan Cars: {amount} is on its way to your bank account.",
        "es": "Khan Cars: {amount} van camino de tu cuenta bancaria.",
        "ca": "Khan Cars: {amount} van cap al teu compte bancari.",
        "ar": "Khan Cars: المبلغ {amount} في طريقه إلى حسابك المصرفي.",
    },
    "payout_sent": {
        "en": "Khan Cars: the bank has paid out {amount} to you.",
        "es": "Khan Cars: el banco te ha pagado {amount}.",
        "ca": "Khan Cars: el banc t'ha pagat {amount}.",
        "ar": "Khan Cars: دفع لك المصرف {amount}.",
    },
    "payout_came_back": {
        "en": "Khan Cars: {amount} did not reach your bank account ({reason}). You are owed it again; "
        "please look at the account that you gave.",
        "es": "Khan Cars: {amount} no han llegado a tu cuenta bancaria ({reason}). Te los debemos de "
        "nuevo; revisa la cuenta que diste.",
        "ca": "Khan Cars: {amount} no han arribat al teu compte bancari ({reason}). Te'ls tornem a "
        "deure; revisa el compte que vas donar.",
        "ar": "Khan Cars: لم يصل المبلغ {amount} إلى حسابك المصرفي ({reason}). نحن مدينون لك به من "
        "جديد؛ راجع الحساب الذي أعطيته.",
    },
    "payout_destination_set": {
        "en": "Khan Cars: from {time} your money goes to the account ending in {tail}. If that was not "
        "you, take it back in the app before then, and sign out everywhere.",
        "es": "Khan Cars: desde {time} tu dinero irá a la cuenta que acaba en {tail}. Si no has sido "
        "tú, anúlalo antes en la aplicación y cierra todas las sesiones.",
        "ca": "Khan Cars: des de {time} els teus diners aniran al compte que acaba en {tail}. Si no has "
        "estat tu, anul·la-ho abans a l'aplicació i tanca totes les sessions.",
        "ar": "Khan Cars: ابتداءً من {time} تذهب أموالك إلى الحساب المنتهي بـ {tail}. إن لم تكن أنت من طلب "
        "ذلك، فألغِه قبل ذلك في التطبيق وسجّل الخروج من كل الأجهزة.",
    },
    "payout_destination_withdrawn": {
        "en": "Khan Cars: the change to the account ending in {tail} was taken back. Your money goes "
        "where it went before.",
        "es": "Khan Cars: se ha anulado el cambio a la cuenta que acaba en {tail}. Tu dinero irá adonde "
        "iba antes.",
        "ca": "Khan Cars: s'ha anul·lat el canvi al compte que acaba en {tail}. Els teus diners aniran "
        "on anaven abans.",
        "ar": "Khan Cars: أُلغي التغيير إلى الحساب المنتهي بـ {tail}. تذهب أموالك إلى حيث كانت تذهب من قبل.",
    },
    "payout_destination_in_use": {
        "en": "Khan Cars: from now on your money goes to the account ending in {tail}.",
        "es": "Khan Cars: a partir de ahora tu dinero va a la cuenta que acaba en {tail}.",
        "ca": "Khan Cars: a partir d'ara els teus diners van al compte que acaba en {tail}.",
        "ar": "Khan Cars: من الآن تذهب أموالك إلى الحساب المنتهي بـ {tail}.",
    },
}
"""Texts by kind, then language. Each kind has every language; names in braces are filled in."""

LANGUAGES = tuple(sorted(TEXTS["sign_in_code"]))
"""The languages we write in, ISO 639."""


def write(kind: str, language: str, **values: str) -> str:
    """The text of this kind, in this language where we have it, else in English."""
    texts = TEXTS[kind]
    return texts.get(language, texts[FALLBACK]).format(**values)
