//! All rules, one a file.

mod absent_subchart;
mod app_version_not_string;
mod crd_api_version;
mod crd_kind;
mod crds_not_a_folder;
mod dependencies_in_version_one;
mod duplicate_key;
mod invalid_api_version;
mod invalid_chart_name;
mod invalid_icon_url;
mod invalid_maintainer;
mod invalid_profile;
#[cfg(feature = "schema")]
mod invalid_schema;
mod invalid_source_url;
mod invalid_version;
mod loose_chart_yaml;
mod loose_version;
mod missing_icon;
mod missing_templates;
mod missing_values_file;
#[cfg(feature = "schema")]
mod profile_schema_violation;
#[cfg(feature = "schema")]
mod schema_not_fetched;
#[cfg(feature = "schema")]
mod schema_violation;
mod template_extension;
mod templates_not_a_folder;
mod type_in_version_one;
mod undeclared_subchart;
mod unloadable_chart;
mod unreadable_chart_yaml;
mod unreadable_crd;
mod unreadable_values;
mod unused_suppression;
mod version_not_string;

use super::rule::Rule;

/// Every rule, sorted by code.
///
/// Those about `values.schema.json` are there with the feature `schema` only.
pub static RULES: &[&Rule] = &[
    &unreadable_chart_yaml::RULE,
    &loose_chart_yaml::RULE,
    &invalid_chart_name::RULE,
    &invalid_api_version::RULE,
    &version_not_string::RULE,
    &invalid_version::RULE,
    &app_version_not_string::RULE,
    &invalid_maintainer::RULE,
    &invalid_source_url::RULE,
    &missing_icon::RULE,
    &invalid_icon_url::RULE,
    &type_in_version_one::RULE,
    &dependencies_in_version_one::RULE,
    &loose_version::RULE,
    &missing_templates::RULE,
    &templates_not_a_folder::RULE,
    &unloadable_chart::RULE,
    &template_extension::RULE,
    &undeclared_subchart::RULE,
    &absent_subchart::RULE,
    &crds_not_a_folder::RULE,
    &unreadable_crd::RULE,
    &crd_api_version::RULE,
    &crd_kind::RULE,
    &unused_suppression::RULE,
    &invalid_profile::RULE,
    &missing_values_file::RULE,
    &unreadable_values::RULE,
    #[cfg(feature = "schema")]
    &schema_violation::RULE,
    #[cfg(feature = "schema")]
    &invalid_schema::RULE,
    #[cfg(feature = "schema")]
    &profile_schema_violation::RULE,
    #[cfg(feature = "schema")]
    &schema_not_fetched::RULE,
    &duplicate_key::RULE,
];
