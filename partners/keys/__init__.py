"""The keys of `FIELD_ENCRYPTION_KEYS`: which rows each of them is needed for, and how they are brought to a new one."""
