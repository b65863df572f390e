//! Versions and constraints against Masterminds semver v3.5.0; see `fixtures/semver/README.md`.

use std::cmp::Ordering;

use chartkit::semver::{Constraint, ParseError, ParseErrorKind, Version, is_compatible_range};
use proptest::prelude::*;

use crate::{fixture, random_table};

fn json(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn rows(table: &str) -> Vec<(String, Vec<String>)> {
    let row = |line: &str| {
        let mut columns = line.split('\t');
        let input = json(columns.next().expect("`split` gives at least one column"));
        (input, columns.map(str::to_owned).collect())
    };
    table.lines().map(row).collect()
}

fn valid_versions() -> Vec<Version> {
    let inputs = fixture("semver/versions.txt");
    let inputs = inputs.lines().map(json);
    inputs
        .filter_map(|text| Version::parse(&text).ok())
        .collect()
}

fn answer(result: Result<Version, ParseError>) -> String {
    match result {
        Ok(version) => version.to_string(),
        Err(error) => format!("! {error}"),
    }
}

fn checks(constraint: &str, versions: &[Version]) -> String {
    match Constraint::parse(constraint) {
        Ok(constraint) => versions
            .iter()
            .map(|version| if constraint.check(version) { '1' } else { '0' })
            .collect(),
        Err(error) => format!("! {error}"),
    }
}

#[test]
fn versions_are_read_as_recorded() {
    let rows = rows(&fixture("semver/want.versions.txt"));
    assert!(rows.len() > 100);
    for (text, want) in rows {
        let got = [Version::parse(&text), Version::parse_strict(&text)].map(answer);
        assert_eq!(got.as_slice(), want, "{text:?}");
    }
}

#[test]
fn versions_are_ordered_as_recorded() {
    let table = fixture("semver/want.order.txt");
    let mut ranks = Vec::new();
    for (rank, line) in table.lines().enumerate() {
        let versions = line
            .split('\t')
            .map(|text| Version::parse(&json(text)).unwrap());
        ranks.extend(versions.map(|version| (rank, version)));
    }
    assert_eq!(ranks.len(), valid_versions().len());
    for (rank_a, a) in &ranks {
        for (rank_b, b) in &ranks {
            assert_eq!(a.cmp_precedence(b), rank_a.cmp(rank_b), "{a:?} {b:?}");
        }
    }
}

#[test]
fn constraints_match_as_recorded() {
    let versions = valid_versions();
    let rows = rows(&fixture("semver/want.checks.txt"));
    assert!(versions.len() >= 60 && rows.len() >= 120);
    for (constraint, want) in rows {
        assert_eq!(
            [checks(&constraint, &versions)].as_slice(),
            want,
            "{constraint:?}"
        );
    }
}

#[test]
#[ignore = "needs a table of random cases from fixtures/record/semver"]
fn random_constraints_match_as_recorded() {
    for (constraint, columns) in rows(&random_table("SEMVER_TABLE")) {
        let got = match Version::parse(&json(&columns[0])) {
            Ok(version) => checks(&constraint, &[version]),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(got, columns[1], "{constraint:?} {}", columns[0]);
    }
}

#[test]
fn what_cannot_be_read_is_not_compatible() {
    let table = [
        ("^1", "1.2.3", true),
        ("^1", "2.0.0", false),
        ("^1", "one", false),
        ("one", "1.2.3", false),
        ("", "1.2.3", false),
    ];
    for (constraint, version, want) in table {
        let got = is_compatible_range(constraint, version);
        assert_eq!(got, want, "{constraint:?} {version:?}");
    }
}

#[test]
fn errors_have_kinds() {
    use ParseErrorKind as Kind;
    let long = "1".repeat(600);
    let loose = |text: &str| Version::parse(text).unwrap_err().kind();
    let strict = |text: &str| Version::parse_strict(text).unwrap_err().kind();
    let constraint = |text: &str| Constraint::parse(text).unwrap_err().kind();
    assert_eq!(loose(&long), Kind::VersionTooLong);
    assert_eq!(loose("1.2.3.4"), Kind::InvalidVersion);
    assert_eq!(loose("1.2.3-01"), Kind::LeadingZero);
    assert_eq!(loose("99999999999999999999"), Kind::NumberTooLarge);
    assert_eq!(strict(""), Kind::Empty);
    assert_eq!(strict("v1.2.3"), Kind::InvalidCharacters);
    assert_eq!(strict("1..3"), Kind::MissingNumber);
    assert_eq!(strict("1.2.3-"), Kind::InvalidPrerelease);
    assert_eq!(strict("1.2.3+"), Kind::InvalidMetadata);
    assert_eq!(constraint(&long), Kind::ConstraintTooLong);
    assert_eq!(constraint(&"1||".repeat(40)), Kind::TooManyGroups);
    assert_eq!(constraint(""), Kind::ImproperConstraint);
    assert_eq!(constraint("1.xx"), Kind::InvalidTerm);
}

/// Texts that are versions, close to each other so that comparisons matter.
fn version() -> impl Strategy<Value = Version> {
    let text = "v?[0-2](\\.[0-2]){0,2}(-(0|1|9|a|a-|rc)(\\.(0|10|b)){0,2})?(\\+[a0]{1,2})?";
    text.prop_map(|text| Version::parse(&text).expect("the pattern gives only versions"))
}

fn constraint() -> impl Strategy<Value = String> {
    let term = "(=|!=|>|<|>=|=>|<=|=<|~|~>|\\^|) ?[0-2x](\\.[0-2*]){0,2}(-(0|rc))?";
    let range = "[0-2](\\.[0-2]){0,2} - [0-2](\\.[0-2]){0,2}(-rc)?";
    let group = format!("({term}( {term}|, ?{term}){{0,2}}|{range})");
    proptest::string::string_regex(&group).expect("the pattern is a regular expression")
}

proptest! {
    /// The order is SemVer's; numbers above `u64`, which Masterminds takes for words, are too long for these texts.
    #[test]
    fn strict_versions_are_ordered_as_the_semver_crate_does(a in version(), b in version()) {
        let parse = |version: &Version| ::semver::Version::parse(version.original());
        if let (Ok(x), Ok(y)) = (parse(&a), parse(&b)) {
            prop_assert_eq!(a.cmp_precedence(&b), x.cmp_precedence(&y));
        }
    }

    #[test]
    fn the_order_is_total(a in version(), b in version(), c in version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a.cmp_precedence(&b).is_lt() {
            prop_assert!(a < b);
        }
    }

    #[test]
    fn build_metadata_never_counts(version in version(), constraint in constraint()) {
        let constraint = Constraint::parse(&constraint).unwrap();
        let bare = version.to_string();
        let bare = bare.split('+').next().expect("`split` gives at least one part");
        let bare = Version::parse(bare).unwrap();
        prop_assert_eq!(constraint.check(&version), constraint.check(&bare));
    }

    #[test]
    fn an_or_admits_what_either_side_admits(
        version in version(), a in constraint(), b in constraint(),
    ) {
        let either = Constraint::parse(&format!("{a} || {b}")).unwrap();
        let [a, b] = [a, b].map(|text| Constraint::parse(&text).unwrap());
        prop_assert_eq!(either.check(&version), a.check(&version) || b.check(&version));
    }

    #[test]
    fn nothing_panics(text in any::<String>()) {
        let _ = (Version::parse(&text), Version::parse_strict(&text), Constraint::parse(&text));
    }
}
