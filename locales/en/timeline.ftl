# Words of: timeline.
