//! Helm charts, profiles and their values as typed, pure functions.
//!
//! A *chart* is loaded as Helm loads it, from a directory or an archive. A *profile* rides in the chart
//! and holds what a type of stack changes. *Effective values* are what templates see; every leaf knows
//! each value that was written for it, with file, line and column. *Packaging* makes one immutable,
//! reproducible archive of chart and profiles that Helm installs as its own.
//!
//! # Scope: whose rules
//!
//! Helm 4.2.4's, to the byte, its YAML 1.1 and its version constraints included: [`semver`] is *not*
//! Cargo's dialect. What differs on purpose is in `docs/compatibility.md`, marked `DIFFERENCE` where it
//! happens. Rendering templates and talking to clusters or registries is not done here.
//!
//! # The values of a profile, and where they come from
//!
//! ```
//! # #[cfg(feature = "fs")] fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use chartkit::profile::{EffectiveOptions, effective_values};
//! use chartkit::source::Sources;
//! use chartkit::{io, values::ValuePath};
//!
//! let mut sources = Sources::new();
//! let chart = io::load_chart(Path::new("../fixtures/charts/shop"), &mut sources)?.chart;
//! let mut options = EffectiveOptions::default();
//! options.profile = Some("qa1");
//! let effective = effective_values(&chart, &options, &mut sources, &mut io::read_set_file)?;
//!
//! let path: ValuePath = "database.host".parse()?;
//! let host = effective.values.get(&path).unwrap();
//! assert_eq!(host.value.as_str(), Some("postgres.shared.svc"));
//! let lines: Vec<_> = host.contributions().map(|node| {
//!     let place = node.place.unwrap();
//!     sources.position(place.file, place.entry).line
//! }).collect();
//! assert_eq!(lines, [4, 9]); // profiles/base/values.yaml over values.yaml
//! # Ok(()) }
//! # #[cfg(not(feature = "fs"))] fn main() {}
//! ```
//!
//! # Into your own type
//!
//! ```
//! # #[cfg(feature = "fs")] fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::path::Path;
//! # use chartkit::profile::{EffectiveOptions, effective_values};
//! # use chartkit::{io, source::Sources};
//! #[derive(serde::Deserialize)]
//! struct Shop { replicas: u32 }
//!
//! # let mut sources = Sources::new();
//! # let chart = io::load_chart(Path::new("../fixtures/charts/shop"), &mut sources)?.chart;
//! # let options = EffectiveOptions::default();
//! # let effective = effective_values(&chart, &options, &mut sources, &mut io::read_set_file)?;
//! let shop: Shop = effective.values.decode()?;
//! assert_eq!(shop.replicas, 1);
//! # Ok(()) }
//! # #[cfg(not(feature = "fs"))] fn main() {}
//! ```
//!
//! # An archive, without touching a file
//!
//! ```
//! use chartkit::chart::{self, File};
//! use chartkit::package::{PackageOptions, plan};
//! use chartkit::source::Sources;
//!
//! let file = |name: &str, text: &str| File {
//!     name: name.into(),
//!     data: text.as_bytes().into(),
//!     modified: None,
//! };
//! let files = vec![
//!     file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
//!     file("profiles/qa1/values.yaml", "replicas: 2\n"),
//! ];
//! let mut sources = Sources::new();
//! let chart = chart::load(files, "web", &mut sources)?.chart;
//! let plan = plan(&chart, &PackageOptions::default(), &mut sources)?;
//! assert_eq!(plan.file_name, "web-1.0.0.tgz");
//! assert_eq!(plan.to_bytes(), plan.to_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | Feature | Default | What it adds | Cost |
//! |---|---|---|---|
//! | `age` | yes | `sops::AgeService`: data keys under age and SSH keys; with `fs` also plugins and SOPS's places of identities | the `age` crate; random numbers of the system |
//! | `aws-kms` | no | `io::AwsKmsService`: data keys under AWS KMS | the AWS crates, `tokio`, `rustls` |
//! | `fs` | yes | `chartkit::io`: reading charts, writing archives | `tempfile` |
//! | `schema` | no | [`lint`] checks values against `values.schema.json` | `jsonschema` |
//! | `serde_yaml` | no | conversions from and to `serde_yaml::Value` (the `yaml_serde` fork) | that crate |
//!
//! Without default features the library is pure and builds for `wasm32-unknown-unknown`.
#![warn(missing_docs)]
#![deny(
    clippy::disallowed_methods,
    reason = "I/O lives in `io`, and nowhere else"
)]

pub mod chart;
pub mod dependency;
pub mod diagnostic;
pub mod digest;
#[cfg(feature = "fs")]
pub mod io;
pub mod lint;
pub mod package;
mod printable;
pub mod profile;
mod quote;
pub mod repo;
mod secret;
pub mod semver;
pub mod sops;
pub mod source;
pub mod time;
pub mod values;
pub mod yaml;

/// The papers of `docs/`, so that their examples compile and their links are checked.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
