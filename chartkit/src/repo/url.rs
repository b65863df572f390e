//! URLs of archives.
//!
//! Decides what a base URL and a path make together, byte for byte as Helm writes it into an index, and
//! which URLs of an index lead to a file beside it.

/// A base URL with a path behind it.
///
/// # Source
///
/// Helm v4.2.4, `internal/urlutil/urlutil.go`, `URLJoin`, and what `IndexDirectory` does where it fails;
/// Go 1.26, `net/url`, `Parse` and `URL.String`.
pub(super) fn join(base: &str, path: &str) -> String {
    match Parts::parse(base) {
        Some(parts) => parts.with_path(path),
        None => join_paths(base, path),
    }
}

/// An URL of an index that is no file beside it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalUrlError {
    /// It leads to another machine.
    #[error("`{0}` is on the network")]
    Network(String),
    /// It leads out of the folder of the index, or is no URL at all.
    #[error("`{0}` leads out of the folder of the index")]
    Outside(String),
}

/// The path, relative to the folder of an index, of an archive with this URL in it.
///
/// # Errors
///
/// When the URL has a scheme or a host, or leads out of the folder: an index is somebody else's text and
/// must not name any file of this machine.
///
/// # Examples
///
/// ```
/// use chartkit::repo::local_path;
///
/// assert_eq!(local_path("sub/web%201-1.0.0.tgz").unwrap(), "sub/web 1-1.0.0.tgz");
/// assert!(local_path("https://charts.example/web-1.0.0.tgz").is_err());
/// assert!(local_path("../web-1.0.0.tgz").is_err());
/// ```
pub fn local_path(url: &str) -> Result<String, LocalUrlError> {
    let outside = || LocalUrlError::Outside(url.to_owned());
    let parts = Parts::parse(url).ok_or_else(outside)?;
    if !parts.scheme.is_empty() || parts.authority.is_some() {
        return Err(LocalUrlError::Network(url.to_owned()));
    }
    let path = std::str::from_utf8(&parts.path).map_err(|_| outside())?;
    let path = join_paths(path, "");
    let leads_out = path.starts_with('/') || path.split('/').any(|part| part == "..");
    if leads_out || matches!(path.as_str(), "" | ".") || path.contains(['\\', '\0']) {
        return Err(outside());
    }
    Ok(path)
}

/// An URL taken apart as far as joining needs.
struct Parts<'a> {
    scheme: String,
    /// Behind `scheme:`, when that does not start with a slash: then there is no path.
    opaque: Option<&'a str>,
    /// Behind `//`.
    authority: Option<&'a str>,
    /// Without escapes.
    path: Vec<u8>,
    /// Query and fragment, with their `?` and `#`.
    behind: String,
}

impl<'a> Parts<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        if url.bytes().any(|byte| byte < b' ' || byte == 0x7F) {
            return None;
        }
        let (scheme, rest) = split_scheme(url)?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (rest, behind) = rest.split_at(end);
        let mut parts = Self {
            scheme: scheme.to_ascii_lowercase(),
            opaque: None,
            authority: None,
            path: Vec::new(),
            behind: clean_behind(behind)?,
        };
        let mut path = rest;
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                match rest {
                    "" => parts.authority = Some(""),
                    rest => parts.opaque = Some(rest),
                }
                return Some(parts);
            }
            if rest
                .split('/')
                .next()
                .is_some_and(|first| first.contains(':'))
            {
                return None;
            }
        }
        let is_triple = scheme.is_empty() && rest.starts_with("///");
        if let Some(rest) = rest.strip_prefix("//").filter(|_| !is_triple) {
            let (authority, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !is_authority(authority) {
                return None;
            }
            parts.authority = Some(authority);
            path = behind;
        }
        parts.path = unescape(path)?;
        Some(parts)
    }

    fn with_path(&self, path: &str) -> String {
        let mut text = String::new();
        if !self.scheme.is_empty() {
            text += &format!("{}:", self.scheme);
        }
        if let Some(opaque) = self.opaque {
            return text + opaque + &self.behind;
        }
        let joined = join_bytes(&self.path, path.as_bytes());
        if let Some(authority) = self.authority
            && !(authority.is_empty() && self.scheme.is_empty())
            && !(authority.is_empty() && joined.is_empty())
        {
            text += &format!("//{authority}");
            if !authority.is_empty() && !joined.is_empty() && !joined.starts_with(b"/") {
                text.push('/');
            }
        }
        let escaped = escape(&joined);
        // A first part with a colon would be taken for a scheme.
        if text.is_empty()
            && escaped
                .split('/')
                .next()
                .is_some_and(|first| first.contains(':'))
        {
            text += "./";
        }
        text + &escaped + &self.behind
    }
}

/// Query and fragment as Go prints them: the query as it is, no empty fragment, and one with characters that
/// do not belong there escaped.
fn clean_behind(behind: &str) -> Option<String> {
    let (query, fragment) = behind.split_once('#').unwrap_or((behind, ""));
    if fragment.is_empty() {
        return Some(query.to_owned());
    }
    let bytes = unescape(fragment)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=?@!()*".contains(&byte);
    if fragment
        .bytes()
        .all(|byte| is_plain(byte) || b"'[]%".contains(&byte))
    {
        return Some(format!("{query}#{fragment}"));
    }
    let escaped = bytes.iter().map(|byte| {
        if is_plain(*byte) {
            char::from(*byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    Some(format!("{query}#{}", escaped.collect::<String>()))
}

/// The scheme, which may be empty, and what is behind its colon; nothing for a colon at the start.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    for (at, byte) in url.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&url[..at], &url[at + 1..])),
            _ => break,
        }
    }
    Some(("", url))
}

fn is_authority(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let port = match host.rfind(']') {
        Some(end) => &host[end + 1..],
        None if host.starts_with('[') => return false,
        None => host.find(':').map_or("", |at| &host[at..]),
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    let has_blank = host.bytes().any(|byte| {
        matches!(
            byte,
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        )
    });
    is_port && !has_blank && !host.contains('%')
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

fn escape(path: &[u8]) -> String {
    if path == b"*" {
        return "*".to_owned();
    }
    let mut text = String::with_capacity(path.len());
    for byte in path {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

fn join_paths(a: &str, b: &str) -> String {
    String::from_utf8_lossy(&join_bytes(a.as_bytes(), b.as_bytes())).into_owned()
}

/// As Go's `path.Join`: with a slash between, and cleaned; nothing for nothing.
fn join_bytes(a: &[u8], b: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = [a, b].into_iter().filter(|part| !part.is_empty()).collect();
    let joined = parts.join(&b'/');
    if joined.is_empty() {
        return joined;
    }
    let is_rooted = joined.starts_with(b"/");
    let mut clean: Vec<&[u8]> = Vec::new();
    for part in joined.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if clean.last().is_some_and(|last| *last != b"..") => drop(clean.pop()),
            b".." if is_rooted => {}
            part => clean.push(part),
        }
    }
    let clean = clean.join(&b'/');
    match (is_rooted, clean.is_empty()) {
        (true, _) => [&b"/"[..], &clean].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => clean,
    }
}
