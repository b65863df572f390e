//! The key services that this machine has.

use std::sync::Arc;

use chartkit::io;
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
        let environment = |name: &str| std::env::var_os(name);
        let age = io::age_service(&environment, Arc::new(Terminal));
        services.push(Box::new(CachingKeyService::new(age)));
        #[cfg(feature = "aws-kms")]
        services.push(Box::new(CachingKeyService::new(io::AwsKmsService::new())));
        let gpg = io::GpgService::new(&environment);
        services.push(Box::new(CachingKeyService::new(gpg)));
    }
    Ok(Services(services))
}
