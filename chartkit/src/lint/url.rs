//! What Go's libraries take for a URL or an e-mail address in `Chart.yaml`.
//!
//! Own code and not a URL crate, because those follow the browsers, and Helm follows Go.
//!
//! Fixtures: `fixtures/lint-texts`.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;

/// A URL with a scheme, as a request needs it.
///
/// # Source
///
/// govalidator, `IsRequestURL`; Go 1.26, `net/url`, `ParseRequestURI`.
pub(super) fn is_request_url(text: &str) -> bool {
    parse(text, true).is_some_and(|url| !url.scheme.is_empty())
}

/// A URL with a scheme, of whatever kind.
#[cfg(feature = "schema")]
pub(super) fn is_absolute(text: &str) -> bool {
    parse(text, false).is_some_and(|url| !url.scheme.is_empty())
}

/// A URL or a part of one.
#[cfg(feature = "schema")]
pub(super) fn is_reference(text: &str) -> bool {
    parse(text, false).is_some()
}

/// The path of a URL; nothing if the text is none.
#[cfg(feature = "schema")]
pub(super) fn path(text: &str) -> Option<&str> {
    parse(text, false).map(|url| url.path)
}

/// Something that looks like the address of a page; the scheme may be missing.
///
/// # Source
///
/// govalidator, `IsURL`; Go 1.26, `net/url`, `Parse`.
pub(super) fn is_url(text: &str) -> bool {
    if text.len() <= 3 || text.chars().count() >= 2083 || text.starts_with('.') {
        return false;
    }
    let mut complete = Cow::Borrowed(text);
    if text.contains(':') && !text.contains("://") {
        complete = format!("http://{text}").into();
    }
    let Some(url) = parse(&complete, false) else {
        return false;
    };
    let only_a_word = url.host.is_empty() && !url.path.is_empty() && !url.path.contains('.');
    !url.host.starts_with('.') && !only_a_word && looks_like_a_page(text)
}

/// The shape of a page's address: host, port and path, with a scheme and a user before them if need be.
fn looks_like_a_page(text: &str) -> bool {
    static PAGE: LazyLock<Regex> = LazyLock::new(|| {
        // Letters of all scripts below U+10000.
        let letter = r"[a-zA-Z\x{A1}-\x{FFFF}]";
        let word = r"[a-zA-Z0-9\x{A1}-\x{FFFF}]+";
        let byte = r"(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])";
        let first = r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])";
        let last = r"(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])";
        let ip = format!(r"{first}(?:\.{byte}){{2}}\.{last}");
        let group = "[0-9a-fA-F]{1,4}";
        let ipv6 = ipv6(group);
        // A name that starts with two letters or digits at least; the rest is in `word`.
        let name = r"[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9](?:[-.][a-zA-Z0-9]+)*";
        let nested = r"www\.|[a-zA-Z0-9]+(?:[-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+";
        let host = format!(r"(?:{name}|{nested})?(?:{word}-?-?)*{word}(?:\.{letter}+)?");
        let pattern = format!(
            r"^(?:(?:ftp|tcp|udp|wss?|https?)://)?(?:\S+@)?(?:{ip}|\[(?:{ipv6})\]|{host})\.?(?::\d{{1,5}})?(?:[/?#]\S*)?$"
        );
        Regex::new(&pattern).expect("the pattern is well formed")
    });
    PAGE.is_match(text)
}

/// IPv6 addresses in all the ways to shorten them.
fn ipv6(group: &str) -> String {
    let mut forms = vec![
        format!("(?:{group}:){{7}}{group}"),
        format!("(?:{group}:){{1,7}}:"),
    ];
    for before in 1..=6 {
        forms.push(format!(
            "(?:{group}:){{1,{before}}}(?::{group}){{1,{}}}",
            7 - before
        ));
    }
    forms.push(format!(":(?:(?::{group}){{1,7}}|:)"));
    forms.push("fe80:(?::[0-9a-fA-F]{0,4}){0,4}%[0-9a-zA-Z]+".to_owned());
    let byte = "(?:25[0-5]|(?:2[0-4]|1?[0-9])?[0-9])";
    let dotted = format!(r"(?:{byte}\.){{3}}{byte}");
    forms.push(format!("::(?:ffff(?::0{{1,4}})?:)?{dotted}"));
    forms.push(format!("(?:{group}:){{1,4}}:{dotted}"));
    forms.join("|")
}

/// An e-mail address.
///
/// # Source
///
/// govalidator, `IsEmail`.
pub(super) fn is_email(text: &str) -> bool {
    // The domain holds no `@`, a quoted local part may.
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    (is_dotted_local(local) || is_quoted_local(local)) && is_mail_domain(domain)
}

fn is_foreign(c: char) -> bool {
    matches!(c, '\u{A0}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFEF}')
}

fn is_dotted_local(local: &str) -> bool {
    let is_atom =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_foreign(c);
    let mut atoms = local.split('.');
    atoms.all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

/// What that pattern makes of quoted names: each character has a quote before it, which is hardly meant.
fn is_quoted_local(local: &str) -> bool {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        let foreign = r"\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}";
        let blank = r"(?:[ \t]*\r\n)?[ \t]+";
        let plain = format!(r"[\x01-\x08\x0B\x0C\x0E-\x1F\x7F!\x23-\x5B\x5D-\x7E{foreign}]");
        let after_bracket = r"\([\x01-\x09\x0B\x0C\x0D-\x7F]";
        let pattern = format!(r#"^(?:"(?:{blank})?(?:{plain}|{after_bracket}))*(?:{blank})?"$"#);
        Regex::new(&pattern).expect("the pattern is well formed")
    });
    QUOTED.is_match(local)
}

fn is_mail_domain(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let Some((labels, top)) = domain.rsplit_once('.') else {
        return false;
    };
    let is_letter = |c: char| c.is_ascii_alphabetic() || is_foreign(c);
    let is_edge = |c: char| is_letter(c) || c.is_ascii_digit();
    let is_inner = |c: char| is_edge(c) || matches!(c, '-' | '_' | '~');
    let starts_and_ends = |text: &str, is: &dyn Fn(char) -> bool| {
        text.chars().next().is_some_and(is) && text.chars().next_back().is_some_and(is)
    };
    starts_and_ends(labels, &is_edge)
        && labels.chars().all(|c| is_inner(c) || c == '.')
        && starts_and_ends(top, &is_letter)
        && top.chars().all(is_inner)
}

struct Url<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
}

/// Go's `url.Parse`, or `url.ParseRequestURI` for a request; nothing for an error.
fn parse(text: &str, request: bool) -> Option<Url<'_>> {
    let mut rest = text;
    if !request && let Some((before, fragment)) = text.split_once('#') {
        unescape(fragment, |_| true)?;
        rest = before;
    }
    if rest.bytes().any(|b| b < b' ' || b == 0x7F) || rest.is_empty() && request {
        return None;
    }
    let (mut host, mut scheme) = ("", "");
    if rest == "*" {
        return Some(Url {
            scheme,
            host,
            path: rest,
        });
    }
    (scheme, rest) = split_scheme(rest)?;
    rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            // Opaque, such as `mailto:…`: nothing more is looked at.
            return Some(Url {
                scheme,
                host,
                path: "",
            });
        }
        let segment = rest.split('/').next().unwrap_or_default();
        if request || segment.contains(':') {
            return None;
        }
    }
    let may_have_host = !scheme.is_empty() || !request && !rest.starts_with("///");
    if may_have_host && let Some(authority) = rest.strip_prefix("//") {
        let end = authority.find('/').unwrap_or(authority.len());
        host = host_of(&authority[..end], scheme)?;
        rest = &authority[end..];
    }
    unescape(rest, |_| true)?;
    Some(Url {
        scheme,
        host,
        path: rest,
    })
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return None,
            ':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

fn host_of<'a>(authority: &'a str, scheme: &str) -> Option<&'a str> {
    let mut host = authority;
    if let Some((user, rest)) = authority.rsplit_once('@') {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
        if !user.chars().all(is_legal) {
            return None;
        }
        unescape(user, |_| true)?;
        host = rest;
    }
    if let Some(rest) = host.strip_prefix('[') {
        let (inside, port) = rest.rsplit_once(']')?;
        // A zone may be escaped as it likes.
        let address = inside
            .split_once("%25")
            .map_or(inside, |(address, _)| address);
        let is_address = address.parse::<std::net::Ipv6Addr>().is_ok();
        return (is_address && is_port(port)).then_some(host);
    }
    if host.contains('[') {
        return None;
    }
    // Of the web's schemes Go is strict: everything behind the first colon is the port.
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let port = if is_web {
        host.split_once(':')
    } else {
        host.rsplit_once(':')
    };
    if port.is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    unescape(host, |byte| byte >= 0x80)?;
    let is_host = |c: char| {
        !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c)
    };
    host.chars().all(is_host).then_some(host)
}

fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()),
        None => text.is_empty(),
    }
}

/// Whether every `%` starts an escape, of a byte that may be escaped.
fn unescape(text: &str, may: impl Fn(u8) -> bool) -> Option<()> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            let escaped = u8::try_from(high * 16 + low).ok()?;
            if !may(escaped) {
                return None;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go's verdicts: `fixtures/record/lint-texts` wrote them.
    #[test]
    fn verdicts_are_those_of_go() {
        let want = include_str!("../../../fixtures/lint-texts/want.jsonl");
        let mut count = 0;
        let mut wrong = Vec::new();
        for line in want.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case["text"].as_str().unwrap();
            for (name, ours) in [
                ("email", is_email(text)),
                ("url", is_url(text)),
                ("request_url", is_request_url(text)),
            ] {
                if ours != case[name].as_bool().unwrap() {
                    wrong.push(format!("{name} of {text:?}: {ours}"));
                }
                count += 1;
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(count > 300);
    }
}
