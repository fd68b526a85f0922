"""Incidents: something that a person has to know, with cause, evidence and what to do (rule 30)."""

from partners.incidents.reporting import Report, close_about, close_by_staff, close_incidents, open_incident

__all__ = ["Report", "close_about", "close_by_staff", "close_incidents", "open_incident"]
