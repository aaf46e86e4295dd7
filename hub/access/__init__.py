"""People, roles, policy, log-ins, audit and the reading log: who may do what, and who did."""
