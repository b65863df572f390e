#![no_main]

use chartkit::chart::{archive::Limits, load_archive};
use chartkit::package::{PackageOptions, plan};
use chartkit::source::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Small limits: a fuzzer finds bombs soon enough.
    let mut limits = Limits::default();
    limits.chart_bytes = 1024 * 1024;
    limits.file_bytes = 64 * 1024;
    let mut sources = Sources::new();
    if let Ok(loaded) = load_archive(data, "fuzz", &limits, &mut sources) {
        let _ = plan(&loaded.chart, &PackageOptions::default(), &mut sources);
    }
});
