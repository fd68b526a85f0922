"""Does the platform speak OCPI as others do? The specification's own examples, and a whole CPO in every version."""
