"""What every route needs: unit of work, person, problems, idempotency."""
