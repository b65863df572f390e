//! Metadata in formats that have no nesting.
