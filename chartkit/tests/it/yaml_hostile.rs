//! Texts that are made to hurt: each ends soon, with a value or a clear error.

use std::time::{Duration, Instant};

use chartkit::source::Sources;
use chartkit::yaml::{ParseErrorKind, ParseOptions, Schema, parse, read_with};

/// What reading ends with, in both schemas; fails when it takes long.
///
/// The time is meant for the worst of machines with an unoptimised build: these texts take minutes
/// where time grows with the square of their length.
fn read(text: impl AsRef<[u8]>) -> Option<ParseErrorKind> {
    let start = Instant::now();
    let mut sources = Sources::new();
    let file = sources.add("hostile.yaml", text.as_ref());
    let options = ParseOptions {
        max_bytes: 32 * 1024 * 1024,
        ..ParseOptions::default()
    };
    let kind = read_with(&sources, file, None, &options)
        .err()
        .map(|error| error.kind());
    if let Ok(stream) = parse(&sources, file, None, &options) {
        for document in stream.documents {
            let _ = document.node(Schema::V3);
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "took {:?}",
        start.elapsed()
    );
    kind
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..count).map(line).collect();
    lines.concat()
}

#[test]
fn deep_nesting_ends_at_the_limit() {
    let depth = Some(ParseErrorKind::TooDeep);
    for count in [10_000, 100_000] {
        assert_eq!(read("[".repeat(count)), depth);
        assert_eq!(read("{a: ".repeat(count)), depth);
        assert_eq!(read("- ".repeat(count)), depth);
        assert_eq!(read("? ".repeat(count)), depth);
        assert_eq!(read("[{a: ".repeat(count)), depth);
        assert_eq!(read("? - ".repeat(count)), depth);
        assert_eq!(read("[".repeat(count) + &"]".repeat(count)), depth);
    }
    assert_eq!(read("{a: ".repeat(125_000)), depth, "500 KB");
    let indented = lines(2000, |n| " ".repeat(n) + "a:\n");
    assert_eq!(read(indented), depth);
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    for count in [255, 256] {
        assert_eq!(
            read("[".repeat(count) + &"]".repeat(count)),
            None,
            "{count}"
        );
        assert_eq!(read("- ".repeat(count) + "a"), None, "{count}");
    }
    assert_eq!(read("- ".repeat(257) + "a"), Some(ParseErrorKind::TooDeep));
    assert_eq!(
        read("[".repeat(257) + &"]".repeat(257)),
        Some(ParseErrorKind::TooDeep)
    );
}

#[test]
fn aliases_multiply_only_so_far() {
    let excessive = Some(ParseErrorKind::ExcessiveAliasing);
    let laughs = lines(10, |n| match n {
        0 => "a0: &a0 [lol]\n".to_owned(),
        _ => format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10)),
    });
    assert_eq!(read(&laughs), excessive);

    let merges = lines(12, |n| match n {
        0 => "a0: &a0 {k: lol}\n".to_owned(),
        _ => format!(
            "a{n}: &a{n}\n  <<: [{}]\n",
            format!("*a{}, ", n - 1).repeat(10)
        ),
    });
    assert_eq!(read(&merges), excessive);

    // One alias after another, each within the one before.
    let chain = lines(2000, |n| match n {
        0 => "a0: &a0 [lol]\n".to_owned(),
        _ => format!("a{n}: &a{n} [*a{}]\n", n - 1),
    });
    assert!(matches!(
        read(&chain),
        Some(ParseErrorKind::TooDeep | ParseErrorKind::ExcessiveAliasing)
    ));
    assert_eq!(read("a: &a [*a]"), Some(ParseErrorKind::RecursiveAlias));
    assert_eq!(
        read("a: &a\n  <<: *a\n"),
        Some(ParseErrorKind::RecursiveAlias)
    );

    // Many aliases of a small node are no bomb.
    let many = lines(300, |n| format!("k{n}: *a\n"));
    assert_eq!(read(format!("a: &a 1\n{many}")), None);
}

#[test]
fn length_alone_does_no_harm() {
    assert_eq!(read(lines(100_000, |n| format!("key{n}: {n}\n"))), None);
    assert_eq!(read(lines(20_000, |_| "key: 1\n".to_owned())), None);
    assert_eq!(read(lines(20_000, |n| format!("- &a{n} x\n"))), None);
    assert_eq!(read(lines(50_000, |_| "# comment\n".to_owned())), None);
    assert_eq!(read(lines(20_000, |_| "---\n".to_owned())), None);
    assert_eq!(read("a: ".to_owned() + &"x".repeat(500_000)), None);
    assert_eq!(read(format!("a: \"{}\"", "\\n".repeat(100_000))), None);
    assert_eq!(read(format!("a: '{}'", "x\n ".repeat(50_000))), None);
    assert_eq!(read(format!("a: |\n{}", "  x\n".repeat(50_000))), None);
    assert_eq!(read(format!("[{}]", "a, ".repeat(50_000))), None);
    assert_eq!(read(format!("{{{}}}", "a: b, ".repeat(20_000))), None);
    assert_eq!(read("\n".repeat(500_000)), None);
    assert_eq!(read(format!("a:{}b", " ".repeat(500_000))), None);
    assert_eq!(read(format!("a:{}\tb", " ".repeat(500_000))), None);
    let directives = lines(5_000, |n| format!("%TAG !e{n}! tag:x,2000:\n"));
    assert_eq!(read(format!("{directives}---\na: 1\n")), None);
    // Each of these comments needs another pass, so that there is a limit.
    let glued = lines(5_000, |n| format!("k{n}: 'x'# c\n"));
    assert_eq!(read(glued), Some(ParseErrorKind::Syntax));
    let merged = lines(2_000, |n| format!("- &m{n} {{a: 1}}\n"));
    let list = lines(2_000, |n| format!("*m{n}, "));
    assert_eq!(read(format!("{merged}- <<: [{list}]\n")), None);
    // Line breaks of YAML 1.1 are checked one by one.
    let separated = lines(20_000, |n| format!("k{n}: \"a\u{2028}b\"\n"));
    assert_eq!(read(separated), None);
    let tabs = lines(20_000, |n| format!("k{n}:\t[1,\t2]\t# c\n"));
    assert_eq!(read(tabs), None);
}

#[test]
fn texts_that_are_no_text_are_refused() {
    let encoding = Some(ParseErrorKind::Encoding);
    assert_eq!(read(b"a: \xff\n"), encoding);
    assert_eq!(read(b"a: \xc3"), encoding);
    assert_eq!(read(b"a: \xed\xa0\x80"), encoding);
    assert_eq!(read(b"a: \x00"), encoding);
    assert_eq!(
        read(b"a\x00:\x00 \x001\x00"),
        encoding,
        "UTF-16 without its mark"
    );
    assert_eq!(
        read(b"\xff\xfea\x00:\x00 \x001\x00"),
        None,
        "UTF-16 with its mark"
    );
    assert_eq!(read(b"\xfe\xff\x00a\x00:\x00 \x001"), None);
    assert_eq!(read(b""), None);
    assert_eq!(read(b"\xef\xbb\xbf"), None);
}

#[test]
fn large_texts_are_refused_before_they_are_read() {
    let mut sources = Sources::new();
    let file = sources.add("large.yaml", vec![b'\n'; 5 * 1024 * 1024 + 1]);
    let error = parse(&sources, file, None, &ParseOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::TooLarge);
    let message = "found 5242881 bytes of YAML, expected at most 5242880";
    assert_eq!(error.message(), message);
}
