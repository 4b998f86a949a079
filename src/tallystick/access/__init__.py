"""Who may do what: tenants, keys and their grants, what is declared, what is erased."""
