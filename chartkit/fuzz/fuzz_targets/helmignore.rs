#![no_main]

use chartkit::chart::ignore::Rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    const MARK: &[u8] = b"\n---\n";
    let split = data.windows(MARK.len()).position(|bytes| bytes == MARK);
    let (text, paths) = match split {
        Some(at) => (&data[..at], &data[at + MARK.len()..]),
        None => (data, &b"templates/a.yaml\ncharts/\n.git/x"[..]),
    };
    let lines = text.split(|b| *b == b'\n').count();
    let is_line = |line: u32| line >= 1 && line as usize <= lines;
    let rules = match Rules::parse(text) {
        Ok(rules) => rules,
        Err(error) => {
            assert!(is_line(error.line()));
            return;
        }
    };
    for path in String::from_utf8_lossy(paths).lines() {
        for is_directory in [false, true] {
            let decision = rules.decide(path, is_directory);
            assert_eq!(decision.ignored, decision.pattern.is_some());
            let line = decision.pattern.and_then(|pattern| pattern.line());
            assert!(line.is_none_or(is_line));
        }
    }
});
