"""The resources of Notify, one module each: its parameters, its rules, its representation and its routes."""
