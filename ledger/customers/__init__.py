"""Who pays for trips beside riders themselves: customers with accounts, vouchers, cash to drivers.

It owns the register of customers, their limits and riders, vouchers, how each trip is paid, invoices
and disputes. It refuses a booking that whoever is named cannot or will not pay. Money moves in the
books alone.
"""
