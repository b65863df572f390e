//! The path of a file as creation rules see it.

/// An absolute path without `.`, `..` and doubled separators; links are not looked at.
///
/// # Shape
///
/// `/` or, where `directory` has them, `\` between names; the result has `/`. `directory` is absolute
/// and where a relative `path` starts.
///
/// # Examples
///
/// ```
/// use chartkit::sops::config::absolute_path;
///
/// assert_eq!(absolute_path("/work/shop", "../base//secrets.yaml"), "/work/base/secrets.yaml");
/// assert_eq!(absolute_path("/work/shop", "/etc/./x"), "/etc/x");
/// assert_eq!(absolute_path(r"C:\work", r"a\b"), "C:/work/a/b");
/// ```
///
/// # Source
///
/// Go, `path/filepath`, `Abs`.
#[must_use]
pub fn absolute_path(directory: &str, path: &str) -> String {
    let windows = has_drive(directory);
    let slashed = |text: &str| {
        if windows {
            text.replace('\\', "/")
        } else {
            text.to_owned()
        }
    };
    let (directory, path) = (slashed(directory), slashed(path));
    let is_absolute = path.starts_with('/') || (windows && has_drive(&path));
    let whole = if is_absolute {
        path
    } else {
        format!("{directory}/{path}")
    };
    let drive = if windows && has_drive(&whole) {
        &whole[..2]
    } else {
        ""
    };
    let mut names = Vec::new();
    for name in whole[drive.len()..].split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("{drive}/{}", names.join("/"))
}

fn has_drive(path: &str) -> bool {
    path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic()
}

/// The path that creation rules are compared with: relative to the folder of the configuration, or
/// absolute when the file lies outside of it.
///
/// # Shape
///
/// Both are of the form that [`absolute_path`] returns.
///
/// # Examples
///
/// ```
/// use chartkit::sops::config::rule_path;
///
/// assert_eq!(rule_path("/work/shop", "/work/shop/qa1/secrets.yaml"), "qa1/secrets.yaml");
/// assert_eq!(rule_path("/work/shop", "/work/shopping/x.yaml"), "/work/shopping/x.yaml");
/// ```
///
/// # Source
///
/// SOPS v3.13.3, `config/config.go`, `parseCreationRuleForFile`; so in `/` itself paths stay absolute.
/// DIFFERENCE: on Windows SOPS may compare paths with `\`; here they always have `/`.
#[must_use]
pub fn rule_path<'p>(config_directory: &str, file: &'p str) -> &'p str {
    let inside = file
        .strip_prefix(config_directory)
        .and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or(file)
}
