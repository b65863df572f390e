//! Archives of any bytes: clean errors only, and never more than the limits allow.
#![no_main]

use chartkit::chart::archive::{self, Limits};
use chartkit::chart::load_archive;
use chartkit::source::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    limits.chart_bytes = 64 * 1024;
    limits.file_bytes = 16 * 1024;
    // Bytes that are no gzip are a tar: the checksum of gzip is too hard to guess.
    let packed = match data.starts_with(b"\x1F\x8B") {
        true => data.to_vec(),
        false => stored(data),
    };
    if let Ok(files) = archive::read(&*packed, &limits) {
        let bytes: usize = files.iter().map(|file| file.data.len()).sum();
        assert!((bytes as u64) < limits.chart_bytes);
        for file in &files {
            assert!(!file.name.starts_with(['/', '.']) || !file.name.starts_with(".."));
            assert!(
                !file
                    .name
                    .split('/')
                    .any(|part| matches!(part, "" | "." | ".."))
            );
        }
    }
    let _ = load_archive(&*packed, "fuzz.tgz", &limits, &mut Sources::new());
});

/// A gzip stream of stored blocks.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    for block in data.chunks(0xFFFF) {
        let length = u16::try_from(block.len()).expect("chunks are that short");
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    // An empty last block; no checksum, which is read only behind the end of the tar.
    out.extend([1, 0, 0, 0xFF, 0xFF]);
    out
}
