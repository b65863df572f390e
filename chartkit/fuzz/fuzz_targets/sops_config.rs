#![no_main]
//! A `.sops.yaml`.

use chartkit::sops::Format;
use chartkit::sops::config::{Config, Creation, CreationFlags};
use chartkit::source::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut sources = Sources::new();
    let file = sources.add(".sops.yaml", data);
    let length = sources.text(file).len();
    let config = match Config::parse(&mut sources, file) {
        Ok(config) => config,
        Err(error) => {
            let place = error.location();
            assert!(place.is_none_or(|(_, span)| span.end as usize <= length));
            return;
        }
    };
    for diagnostic in config.check() {
        assert!(!diagnostic.message.is_empty());
    }
    for path in ["secrets.yaml", "profiles/qa1/secrets.yaml", ""] {
        if let Ok(Some(rule)) = config.rule_for(path) {
            let _ = (rule.key_groups(), rule.selection());
            let _ = Creation::new(&CreationFlags::default(), Some(rule), Format::Yaml);
        }
    }
});
