"""Where a new server goes: filters, weighers, a reservation, and the reasons for each candidate."""
