//! The catalogue of every kind of finding.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal $slug:literal;)+) => {
        /// Names a kind of finding: a letter and three digits, and a name in kebab case.
        ///
        /// The letter is the family: `Y` YAML, `C` chart files, `D` dependencies and lock, `V` values,
        /// `K` packaging, `P` profiles. Codes are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes, sorted by [`Code::id`].
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The letter and the number, such as `Y001`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// The name, such as `duplicate-key`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    SyntaxError = "Y001" "syntax-error";
    /// A mapping has the same key twice; the last one wins.
    DuplicateKey = "Y002" "duplicate-key";
    /// Text after the first document is ignored.
    IgnoredText = "Y003" "ignored-text";
    /// The text is YAML that Go cannot turn into a value.
    UnreadableValue = "Y004" "unreadable-value";
    /// The text is too large, nested too deeply or multiplied by aliases.
    TooComplex = "Y005" "too-complex";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_unique_and_sorted() {
        assert!(Code::ALL.windows(2).all(|w| w[0].id() < w[1].id()));
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
