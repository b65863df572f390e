//! Times, against what Go's JSON decoder said.

use std::collections::BTreeMap;

use chartkit::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::fixture;

#[test]
fn times_are_those_of_go() {
    let want: BTreeMap<String, Json> = serde_json::from_str(&fixture("time/want.json")).unwrap();
    for (text, want) in want {
        let ours = match text.parse::<Timestamp>() {
            Ok(time) => json!({
                "text": time.to_string(),
                "seconds": time.unix_seconds(),
                "nanoseconds": time.nanoseconds(),
            }),
            Err(_) => Json::Null,
        };
        assert_eq!(ours, want, "{text}");
    }
}
