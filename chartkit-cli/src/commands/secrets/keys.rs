//! The key services that this machine has.

use std::sync::Arc;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::sops::{CachingKeyService, KeyService};

use super::settings;
use crate::args::secrets::Services as Arguments;
use crate::commands::Context;
use crate::failure::Failure;
use crate::prompt::Terminal;

/// Services in the order in which they are asked.
pub(crate) struct Services(Vec<Box<dyn KeyService>>);

impl Services {
    pub(crate) fn as_refs(&self) -> Vec<&dyn KeyService> {
        self.0.iter().map(|service| &**service).collect()
    }
}

/// The services that options and variables allow. One decryption for each wrapped key, however many files
/// have it.
pub(crate) fn services(args: &Arguments, context: &mut Context) -> Result<Services, Box<Failure>> {
    let variable = settings::variable("SOPS_KEYSERVICE");
    if !args.keyservice.is_empty() || variable.is_some() {
        let message =
            "key services at other addresses are not supported, the keys of this machine are used";
        let warning = Diagnostic::warning(Code::IgnoredArgument, message);
        context.diagnostics.push(warning);
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
