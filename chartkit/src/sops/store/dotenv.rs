//! dotenv files.
use super::{EmitError, LoadError};
use crate::sops::{Branch, Secret, Value};
use crate::source::{FileId, Sources};

pub(crate) fn load(_sources: &Sources, _file: FileId) -> Result<Branch, LoadError> {
    todo!()
}
pub(crate) fn load_encrypted(
    _sources: &Sources,
    _file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    todo!()
}
pub(crate) fn emit(_branches: &[Branch]) -> Result<Secret, EmitError> {
    todo!()
}
pub(crate) fn emit_encrypted(
    _branches: &[Branch],
    _metadata: &Branch,
) -> Result<Vec<u8>, EmitError> {
    todo!()
}
pub(crate) fn emit_value(_value: &Value) -> Result<Secret, EmitError> {
    todo!()
}
