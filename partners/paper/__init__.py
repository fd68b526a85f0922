"""Documents on paper: pages of PDF that all look alike. What is written on them is their owners' business."""
