//! The key services that this machine has.

use std::sync::Arc;

use chartkit::sops::{CachingKeyService, KeyService};

use super::{Session, settings};
use crate::args::secrets::Services as Arguments;
use crate::failure::Failure;
use crate::prompt::Terminal;

/// Services in the order in which they are asked.
pub(super) struct Services(Vec<Box<dyn KeyService>>);

impl Services {
    pub(super) fn as_refs(&self) -> Vec<&dyn KeyService> {
        self.0.iter().map(|service| &**service).collect()
    }
}

/// The services that options and variables allow. One decryption for each wrapped key, however many files
/// have it.
pub(super) fn services(
    args: &Arguments,
    session: &mut Session<'_>,
) -> Result<Services, Box<Failure>> {
    let variable = settings::variable("SOPS_KEYSERVICE");
    if !args.keyservice.is_empty() || variable.is_some() {
        session.warn(
            "key services at other addresses are not supported, the keys of this machine are used",
        );
    }
    let is_local = match args.enable_local_keyservice {
        Some(choice) => choice,
        None => settings::boolean("SOPS_ENABLE_LOCAL_KEYSERVICE", true)?,
    };
    let mut services: Vec<Box<dyn KeyService>> = Vec::new();
    if is_local {
        let age = temporary();
        services.push(Box::new(CachingKeyService::new(age)));
    }
    Ok(Services(services))
}

fn temporary() -> chartkit::sops::AgeService {
    use chartkit::sops::{AgeService, IdentityLayout, Secret};
    let mut age = AgeService::new().with_interaction(Arc::new(Terminal));
    if let Some(text) = settings::variable("SOPS_AGE_KEY") {
        let _ = age.add_identities("SOPS_AGE_KEY", &Secret::from(text), IdentityLayout::Words);
    }
    if let Some(path) = settings::variable("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
        let text = std::fs::read(path).unwrap_or_default();
        let _ = age.add_ssh_identity("SSH", &Secret::from(text));
    }
    age
}
