//! The layers of CONTRIBUTING.md: a module uses lower ones only.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each module with those that it may use besides the ground.
const MAY_USE: &[(&str, &[&str])] = &[
    ("yaml", &[]),
    ("semver", &[]),
    ("values", &["yaml"]),
    ("chart", &["yaml", "semver", "values"]),
    ("sops", &["yaml", "semver"]),
    ("profile", &["yaml", "values", "chart", "sops"]),
    ("package", &["yaml", "semver", "chart", "profile"]),
    (
        "lint",
        &["yaml", "semver", "values", "chart", "profile", "sops"],
    ),
    ("repo", &["yaml", "semver", "chart"]),
    (
        "dependency",
        &["yaml", "semver", "chart", "repo", "profile", "package"],
    ),
    (
        "io",
        &[
            "yaml",
            "semver",
            "chart",
            "repo",
            "profile",
            "package",
            "dependency",
            "lint",
            "sops",
            "values",
        ],
    ),
];

const GROUND: &[&str] = &[
    "source",
    "diagnostic",
    "digest",
    "time",
    "printable",
    "quote",
    "secret",
];

fn used_modules(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            used_modules(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for rest in code.flat_map(|line| line.split("crate::").skip(1)) {
            let name = rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            found.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
}

#[test]
fn modules_use_lower_layers_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (module, allowed) in MAY_USE {
        let mut used = BTreeSet::new();
        used_modules(&source.join(module), &mut used);
        assert!(
            !used.is_empty(),
            "{module} uses nothing: is the test looking in the right place?"
        );
        for name in used.iter().filter(|name| name != module) {
            assert!(
                GROUND.contains(&name.as_str()) || allowed.contains(&name.as_str()),
                "{module} uses {name}"
            );
        }
    }
}

#[test]
fn every_module_has_a_layer() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let known = MAY_USE.iter().any(|(name, _)| *name == module);
        assert!(
            known || GROUND.contains(&module) || module == "lib",
            "{module} has no layer"
        );
    }
}
