"""The demo's past: sixty days of mail, lived through once, by the same verbs that serve a real day.

content (what is said) -> centres (who answers, where) -> timetable (when) -> letters (as mail) -> fill (lived through).

What it asks: sources (files that other systems know) -> permits (one of these, by HTTP) -> known (by what citizens are
asked about) -> lookups (the questions, published).
"""
