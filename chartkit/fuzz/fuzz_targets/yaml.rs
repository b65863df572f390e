#![no_main]

use chartkit::source::Sources;
use chartkit::yaml::{self, EmitStyle, ParseOptions, Schema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut sources = Sources::new();
    let file = sources.add("fuzz", data);
    let length = sources.text(file).len();
    let options = ParseOptions {
        comments: true,
        ..ParseOptions::default()
    };
    match yaml::parse(&sources, file, None, &options) {
        Ok(stream) => {
            for document in &stream.documents {
                for schema in [Schema::V2, Schema::V3] {
                    if let Ok(decoded) = document.node(schema) {
                        let _ = yaml::to_json(&decoded.node.value);
                        let _ = yaml::to_yaml(&decoded.node.value, EmitStyle::V2);
                        let _ = yaml::to_yaml(&decoded.node.value, EmitStyle::V3 { indent: 4 });
                    }
                }
            }
        }
        Err(error) => {
            if let Some((_, span)) = error.location() {
                assert!(span.start <= span.end && span.end as usize <= length);
            }
        }
    }
    let _ = chartkit::values::load(&mut sources, file);
});
