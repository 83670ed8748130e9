"""What every room uses: settings, money, refusals, time, texts, events and the database."""
