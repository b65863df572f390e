//! Integration tests of the library, one module per topic.
#![allow(clippy::disallowed_methods, reason = "tests read fixtures")]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

mod yaml_edit;
mod yaml_hostile;
mod yaml_read;
