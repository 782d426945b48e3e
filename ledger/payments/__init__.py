"""Money that comes in: cards kept as tokens, payments by a provider or at the desk, and what the
provider tells.

No card number ever comes here, and none is kept. The provider is asked by the till, beside the
service, never while a row is locked; what it answers is taken into the books once.
"""
