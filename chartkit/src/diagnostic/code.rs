//! The catalogue of every kind of finding.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal $slug:literal;)+) => {
        /// Names a kind of finding: a letter and three digits, and a name in kebab case.
        ///
        /// The letter is the family: `Y` YAML, `C` chart files, `D` dependencies and lock, `E` the
        /// environment, `K` packaging, `L` linting, `P` profiles, `R` repositories, `S` secrets, `V`
        /// values. Codes are never reused.
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
    /// The files make no chart.
    InvalidChart = "C001" "invalid-chart";
    /// The archive cannot be read as a chart.
    InvalidArchive = "C002" "invalid-archive";
    /// A chart has two files of the same name; for most files the last one counts.
    DuplicateFile = "C003" "duplicate-file";
    /// An entry of `charts/` starts with `_` or `.` and is not loaded.
    SkippedSubchart = "C004" "skipped-subchart";
    /// A field of `Chart.yaml` means nothing to Helm.
    UnknownField = "C005" "unknown-field";
    /// A file of the chart is a symbolic link; what it points to is used.
    SymbolicLink = "C006" "symbolic-link";
    /// `Chart.yaml` cannot be read.
    UnreadableChartYaml = "C010" "unreadable-chart-yaml";
    /// `Chart.yaml` has a key twice or a field that Helm does not know.
    LooseChartYaml = "C011" "loose-chart-yaml";
    /// The chart has no name, or one that is no file name.
    InvalidChartName = "C012" "invalid-chart-name";
    /// The chart's `apiVersion` is missing or neither `v1` nor `v2`.
    InvalidApiVersion = "C013" "invalid-api-version";
    /// The chart's `version` is written as a number or something else that is no text.
    VersionNotString = "C014" "version-not-string";
    /// The chart's `version` is missing or no version.
    InvalidVersion = "C015" "invalid-version";
    /// The chart's `appVersion` is written as a number or something else that is no text.
    AppVersionNotString = "C016" "app-version-not-string";
    /// A maintainer has no name, or an address or a page that is none.
    InvalidMaintainer = "C017" "invalid-maintainer";
    /// An entry of `sources` is no URL.
    InvalidSourceUrl = "C018" "invalid-source-url";
    /// The chart has no icon.
    MissingIcon = "C019" "missing-icon";
    /// The chart's `icon` is no URL.
    InvalidIconUrl = "C020" "invalid-icon-url";
    /// A chart of version 1 has a `type`.
    TypeInVersionOne = "C021" "type-in-version-one";
    /// A chart of version 1 declares dependencies in `Chart.yaml`.
    DependenciesInVersionOne = "C022" "dependencies-in-version-one";
    /// The chart's `version` is no strict SemVer.
    LooseVersion = "C023" "loose-version";
    /// The chart has no `templates/`.
    MissingTemplates = "C024" "missing-templates";
    /// `templates` is no folder.
    TemplatesNotAFolder = "C025" "templates-not-a-folder";
    /// Helm cannot load the chart.
    UnloadableChart = "C026" "unloadable-chart";
    /// A file below `templates/` has an extension that Helm does not expect there.
    TemplateExtension = "C027" "template-extension";
    /// A chart in `charts/` is not among the declared dependencies.
    UndeclaredSubchart = "C028" "undeclared-subchart";
    /// A declared dependency is not in `charts/`.
    AbsentSubchart = "C029" "absent-subchart";
    /// `crds` is no folder.
    CrdsNotAFolder = "C030" "crds-not-a-folder";
    /// A file below `crds/` cannot be read as a manifest.
    UnreadableCrd = "C031" "unreadable-crd";
    /// A manifest below `crds/` has an `apiVersion` of no custom resource definition.
    CrdApiVersion = "C032" "crd-api-version";
    /// A manifest below `crds/` is no custom resource definition.
    CrdKind = "C033" "crd-kind";
    /// Dependencies are declared in `requirements.yaml`, which was for charts of version 1.
    RequirementsFile = "D001" "requirements-file";
    /// Dependencies are locked in `requirements.lock`, which was for charts of version 1.
    RequirementsLock = "D002" "requirements-lock";
    /// A declared dependency is not in `charts/`.
    MissingDependency = "D003" "missing-dependency";
    /// What decides whether a dependency is enabled is no boolean.
    ConditionNotBool = "D004" "condition-not-bool";
    /// An import-values entry imports nothing.
    ImportValues = "D005" "import-values";
    /// The lock does not belong to what the chart declares.
    LockOutOfSync = "D010" "lock-out-of-sync";
    /// No chart is found for a dependency.
    UnresolvedDependency = "D011" "unresolved-dependency";
    /// Charts cannot be had from this kind of repository yet.
    UnsupportedRepository = "D012" "unsupported-repository";
    /// A dependency has other content than `Chart.digests` says.
    ContentChanged = "D013" "content-changed";
    /// `Chart.digests` cannot be used.
    InvalidDigests = "D014" "invalid-digests";
    /// The lock was written by Helm 2, whose digest does not cover the locked versions.
    Helm2Lock = "D015" "helm2-lock";
    /// A file in `charts/` is no chart, so nobody knows whether it is outdated.
    StrayFile = "D016" "stray-file";
    /// Something outside the inputs fails: files, streams.
    Environment = "E001" "environment";
    /// A file was changed by someone else while it was being changed here.
    FileChanged = "E002" "file-changed";
    /// An option or argument is given that does nothing.
    IgnoredArgument = "E003" "ignored-argument";
    /// A file was not changed, so nothing is written.
    NotModified = "E004" "not-modified";
    /// A configuration or a baseline of chartkit cannot be used.
    InvalidConfiguration = "E010" "invalid-configuration";
    /// The archive is there already, with other content.
    ArtifactExists = "K001" "artifact-exists";
    /// The chart cannot be packaged.
    NotPackageable = "K002" "not-packageable";
    /// The chart takes too much of Helm's release Secret.
    ReleaseTooLarge = "K003" "release-too-large";
    /// A suppression in a comment suppresses nothing.
    UnusedSuppression = "L001" "unused-suppression";
    /// A profile cannot be used.
    InvalidProfile = "P001" "invalid-profile";
    /// A file under `profiles/` is no part of a profile.
    UnknownProfileFile = "P002" "unknown-profile-file";
    /// A profile has secrets that the result does not have.
    SecretsLeftOut = "P003" "secrets-left-out";
    /// A profile's `secrets.yaml` is not encrypted.
    PlainSecrets = "P004" "plain-secrets";
    /// The index of a repository cannot be read.
    InvalidIndex = "R001" "invalid-index";
    /// An entry of an index is not a chart and is left out.
    SkippedEntry = "R002" "skipped-entry";
    /// A file cannot be read as one that SOPS encrypts.
    InvalidSecrets = "S001" "invalid-secrets";
    /// A file is not encrypted.
    NotEncrypted = "S002" "not-encrypted";
    /// The metadata of an encrypted file is damaged.
    InvalidMetadata = "S003" "invalid-metadata";
    /// A value cannot be decrypted: it is damaged, moved, or in plain text.
    Undecryptable = "S004" "undecryptable";
    /// The MAC of an encrypted file does not belong to its values.
    MacMismatch = "S005" "mac-mismatch";
    /// A comment of an encrypted file is in plain text.
    PlainComment = "S006" "plain-comment";
    /// A file cannot be encrypted.
    Unencryptable = "S007" "unencryptable";
    /// No key at hand opens an encrypted file.
    NoKey = "S008" "no-key";
    /// A ciphertext has parts that no writer makes.
    DamagedCiphertext = "S010" "damaged-ciphertext";
    /// A value is in plain text where the file's own rule says ciphertext.
    PlainValue = "S011" "plain-value";
    /// A value is ciphertext where the file's own rule says plain text.
    StrayCiphertext = "S012" "stray-ciphertext";
    /// A null or an empty text stands where a secret is expected.
    EmptySecret = "S013" "empty-secret";
    /// Two ciphertexts have the same nonce: one was copied, or both give each other away.
    RepeatedNonce = "S014" "repeated-nonce";
    /// An entry of the metadata's key lists is damaged.
    DamagedKey = "S015" "damaged-key";
    /// The keys of a file are not those of its creation rule.
    OtherRecipients = "S016" "other-recipients";
    /// Someone was removed from a file whose data key stayed the same.
    KeptDataKey = "S017" "kept-data-key";
    /// A file of secrets sets a value that the chart does not have.
    UnknownSecretPath = "S018" "unknown-secret-path";
    /// A secret has another type than the chart's value.
    SecretType = "S019" "secret-type";
    /// A `.sops.yaml` cannot be used.
    InvalidSopsConfig = "S020" "invalid-sops-config";
    /// A creation rule can never match: an earlier one takes everything that it would.
    UnreachableRule = "S021" "unreachable-rule";
    /// A creation rule cannot be used when it matches.
    UnusableRule = "S022" "unusable-rule";
    /// A configuration whose name SOPS does not look for.
    IgnoredSopsConfig = "S023" "ignored-sops-config";
    /// Another configuration lies nearer to the file than the one that is used.
    OtherSopsConfig = "S024" "other-sops-config";
    /// The settings of a file are not those of its creation rule.
    OtherSettings = "S025" "other-settings";
    /// Two versions of an encrypted file cannot be merged without a decision.
    MergeConflict = "S030" "merge-conflict";
    /// The values cannot be read.
    InvalidValues = "V001" "invalid-values";
    /// A table stands against another type in another layer.
    TypeConflict = "V002" "type-conflict";
    /// The section of a subchart is not a table.
    SectionNotTable = "V003" "section-not-table";
    /// An argument of the `--set` family is wrong.
    InvalidArgument = "V004" "invalid-argument";
    /// The chart has no `values.yaml`.
    MissingValuesFile = "V010" "missing-values-file";
    /// `values.yaml` cannot be read.
    UnreadableValues = "V011" "unreadable-values";
    /// Values break a `values.schema.json`.
    SchemaViolation = "V012" "schema-violation";
    /// A `values.schema.json` cannot be used.
    InvalidSchema = "V013" "invalid-schema";
    /// The values of a profile break a `values.schema.json`.
    ProfileSchemaViolation = "V014" "profile-schema-violation";
    /// A `values.schema.json` refers to another one that is not fetched.
    SchemaNotFetched = "V015" "schema-not-fetched";
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
    /// A value does not fit where it stands.
    WrongType = "Y006" "wrong-type";
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
