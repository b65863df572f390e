#![no_main]

mod sops;

use chartkit::sops::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| sops::check(Format::Yaml, data));
