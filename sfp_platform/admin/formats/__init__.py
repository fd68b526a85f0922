"""How Django writes dates and times by itself: as our own pages do (`partners.admin.kit.showing`)."""
