//! `format` as Helm's validator takes it: the same words in every draft, and no others.
//!
//! # Source
//!
//! santhosh-tekuri/jsonschema v6.0.2, `format.go`. Fixtures: `fixtures/lint-schema`.

use super::super::url;

/// Whether a text has a format; those that the validator does not know hold for every text.
pub(super) type Check = fn(&str) -> bool;

/// Every format that either validator knows.
pub(super) const FORMATS: &[(&str, Check)] = &[
    ("date", is_date),
    ("date-time", is_date_time),
    ("duration", is_duration),
    ("email", is_email),
    ("hostname", is_hostname),
    ("idn-email", any),
    ("idn-hostname", any),
    ("ipv4", is_ipv4),
    ("ipv6", is_ipv6),
    ("iri", url::is_absolute),
    ("iri-reference", is_uri_reference),
    ("json-pointer", is_json_pointer),
    ("period", is_period),
    ("relative-json-pointer", is_relative_json_pointer),
    ("semver", is_semver),
    ("time", is_time),
    ("uri", url::is_absolute),
    ("uri-reference", is_uri_reference),
    ("uri-template", is_uri_template),
    ("uuid", is_uuid),
];

fn any(_: &str) -> bool {
    true
}

fn is_uri_reference(text: &str) -> bool {
    !text.contains('\\') && url::is_reference(text)
}

fn is_uri_template(text: &str) -> bool {
    // Braces are looked at in the path as it was written, which Go keeps only if it had to be escaped.
    let Some(path) = url::path(text) else {
        return false;
    };
    path.split('/').all(|segment| {
        let mut open = false;
        let mut braces = segment.chars().filter(|c| matches!(c, '{' | '}'));
        let paired = braces.all(|brace| {
            let expected = (brace == '{') != open;
            open = brace == '{';
            expected
        });
        paired && !open
    })
}

fn is_json_pointer(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let Some(tokens) = text.strip_prefix('/') else {
        return false;
    };
    let mut escapes = tokens.split('~').skip(1);
    escapes.all(|rest| rest.starts_with(['0', '1']))
}

fn is_relative_json_pointer(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    digits > 0 && !(digits > 1 && text.starts_with('0')) && (rest == "#" || is_json_pointer(rest))
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P').filter(|rest| !rest.is_empty()) else {
        return false;
    };
    if let Some(weeks) = text.strip_suffix('W') {
        return is_digits(weeks);
    }
    let parts: Vec<_> = text.split('T').collect();
    let units = ["YMD", "HMS"];
    parts.len() <= 2
        && (parts.iter().zip(units).enumerate())
            .all(|(i, (part, units))| (i == 0 || !part.is_empty()) && has_units(part, units))
}

/// Numbers, each with one of the units behind it, which keep their order.
fn has_units(mut text: &str, mut units: &str) -> bool {
    while !text.is_empty() {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(unit) = rest.chars().next().filter(|_| rest.len() < text.len()) else {
            return false;
        };
        let Some((_, later)) = units.split_once(unit) else {
            return false;
        };
        (text, units) = (&rest[unit.len_utf8()..], later);
    }
    true
}

fn is_period(text: &str) -> bool {
    let Some((start, end)) = text.split_once('/') else {
        return false;
    };
    match (start.starts_with('P'), end.starts_with('P')) {
        (true, _) => is_duration(start) && is_date_time(end),
        (false, true) => is_date_time(start) && is_duration(end),
        (false, false) => is_date_time(start) && is_date_time(end),
    }
}

fn is_ipv4(text: &str) -> bool {
    let groups: Vec<_> = text.split('.').collect();
    let is_byte = |group: &&str| {
        // Go's number may have a plus sign.
        let number = group.parse::<u8>().is_ok() || **group == *"-0";
        number && !(group.len() > 1 && group.starts_with('0'))
    };
    groups.len() == 4 && groups.iter().all(is_byte)
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && (label.bytes()).all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@').filter(|_| text.len() <= 254) else {
        return false;
    };
    if local.len() > 64 {
        return false;
    }
    let local_is_good = if local.len() > 1 && local.starts_with('"') {
        // Whatever the last character is, it counts as the closing quote.
        let inside = &local[1..local.len() - local.chars().next_back().map_or(0, char::len_utf8)];
        !inside.contains(['\\', '"'])
    } else {
        let is_atom = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
        !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(is_atom)
    };
    let literal = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']'));
    local_is_good
        && match literal.map(|address| (address, address.strip_prefix("IPv6:"))) {
            Some((_, Some(address))) => is_ipv6(address),
            Some((address, None)) => is_ipv4(address),
            None => is_hostname(domain),
        }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    if [year, month, day].map(str::len) != [4, 2, 2]
        || ![year, month, day].into_iter().all(is_digits)
    {
        return false;
    }
    let number = |digits: &str| digits.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn is_time(text: &str) -> bool {
    let (Some(clock), Some(rest)) = (text.get(..8), text.get(8..)) else {
        return false;
    };
    let Some([hour, minute, second]) = clock_numbers(clock) else {
        return false;
    };
    if hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    let mut minutes = hour * 60 + minute;
    if !matches!(zone, "z" | "Z") {
        let ahead = match zone.get(..1) {
            Some("+") => -1,
            Some("-") => 1,
            _ => return false,
        };
        let offset = zone.get(1..).filter(|offset| offset.len() == 5);
        let Some([hours, rest]) = offset.and_then(clock_numbers) else {
            return false;
        };
        if hours > 23 || rest > 59 {
            return false;
        }
        minutes += ahead * (hours * 60 + rest);
        if minutes < 0 {
            minutes += 24 * 60;
        }
    }
    second < 60 || minutes == 23 * 60 + 59
}

/// Numbers of two digits with colons between them.
fn clock_numbers<const N: usize>(text: &str) -> Option<[i32; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(':');
    for number in &mut numbers {
        let part = parts.next().filter(|part| part.len() == 2)?;
        // Go's number may have a sign.
        *number = part.parse().ok().filter(|n| *n >= 0)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_date_time(text: &str) -> bool {
    let (Some(date), Some(separator), Some(time)) =
        (text.get(..10), text.get(10..11), text.get(11..))
    else {
        return false;
    };
    is_date(date) && separator.eq_ignore_ascii_case("t") && is_time(time)
}

fn is_semver(text: &str) -> bool {
    let is_identifier = |text: &str| {
        !text.is_empty() && (text.bytes()).all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let no_leading_zero = |text: &str| !(text.len() > 1 && text.starts_with('0'));
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let numbers: Vec<_> = core.split('.').collect();
    build.is_none_or(|build| build.split('.').all(is_identifier))
        && pre.is_none_or(|pre| {
            let mut identifiers = pre.split('.');
            identifiers.all(|id| is_identifier(id) && (!is_digits(id) || no_leading_zero(id)))
        })
        && numbers.len() == 3
        && numbers.iter().all(|n| is_digits(n) && no_leading_zero(n))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
