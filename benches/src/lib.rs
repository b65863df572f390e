//! Inputs shared by the benches: generated charts that look like real ones, and the real ones.
//!
//! Everything generated is the same on every machine, so that figures can be compared.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chartkit::chart::archive::{self, Limits};
use chartkit::chart::{self, Chart, File};
use chartkit::source::Sources;

/// Values as real charts have them, of at least `bytes` bytes: about half of it comments.
///
/// # Shape
///
/// Sections as a chart of some services has them, one after the other under other names: `@param`
/// comments, nested tables, empty collections, lists of tables, quoted texts and block scalars.
#[must_use]
pub fn values_text(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 4096);
    let mut number = 0;
    while text.len() < bytes {
        write!(text, "{}", section(number)).expect("writing to a string does not fail");
        number += 1;
    }
    text
}

fn section(number: usize) -> String {
    let template = r#"## @section Parameters of service NUMBER
##

## Number of replicas of the service
## ref: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
## @param serviceNUMBER.replicaCount Number of replicas to deploy
## @param serviceNUMBER.image.registry [default: REGISTRY_NAME] Image registry
## @param serviceNUMBER.image.repository [default: REPOSITORY_NAME/service] Image repository
## @param serviceNUMBER.image.digest Image digest in the way sha256:aa.... Overrides the tag if set
##
serviceNUMBER:
  replicaCount: 1
  image:
    registry: registry-1.docker.io
    repository: example/service-NUMBER
    tag: 12.4.NUMBER-debian-12-r7
    digest: ""
    ## Specify a imagePullPolicy
    ## ref: https://kubernetes.io/docs/concepts/containers/images/#pre-pulled-images
    ##
    pullPolicy: IfNotPresent
    ## Optionally specify an array of imagePullSecrets.
    ## Secrets must be manually created in the namespace.
    ## e.g:
    ## pullSecrets:
    ##   - myRegistryKeySecretName
    ##
    pullSecrets: []
    debug: false
  ## Container ports
  ## @param serviceNUMBER.containerPorts.http HTTP container port
  ## @param serviceNUMBER.containerPorts.https HTTPS container port
  ##
  containerPorts:
    http: 8080
    https: 8443
  ## Extra environment variables
  ## e.g:
  ## extraEnvVars:
  ##   - name: FOO
  ##     value: "bar"
  ##
  extraEnvVars:
    - name: LOG_LEVEL
      value: "info" # debug is very noisy
    - name: MAX_CONNECTIONS
      value: '200'
  ## Configure extra options for liveness and readiness probes
  ## ref: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
  ##
  livenessProbe:
    enabled: true
    initialDelaySeconds: 30
    periodSeconds: 10
    timeoutSeconds: 1
    failureThreshold: 3
    successThreshold: 1
  ## Resource requests and limits. We usually recommend not to specify default resources and to
  ## leave this as a conscious choice for the user.
  ## @param serviceNUMBER.resources Set container requests and limits for different resources
  ##
  resources:
    limits: {}
    requests:
      cpu: 100m
      memory: 128Mi
  podSecurityContext:
    enabled: true
    fsGroup: 1001
    sysctls: []
  affinity: {}
  tolerations: []
  nodeSelector: {kubernetes.io/os: linux}
  ## Configuration file, mounted at /etc/service/service.conf
  ##
  configuration: |-
    [server]
    listen = 0.0.0.0:8080
    timeout = 30s

    [storage]
    path = /var/lib/service
  ingress:
    enabled: false
    pathType: ImplementationSpecific
    hostname: service-NUMBER.local
    annotations:
      nginx.ingress.kubernetes.io/proxy-body-size: "10m"
    ## The list of additional hostnames to be covered with this ingress record
    ##
    extraHosts: []

"#;
    template.replace("NUMBER", &number.to_string())
}

/// One table with that many entries, not in order.
#[must_use]
pub fn flat_values(keys: usize) -> String {
    let mut text = String::new();
    for number in 0..keys {
        // A permutation of the numbers, because 7919 is a prime that divides no power of ten.
        let number = number * 7919 % keys;
        writeln!(text, "key-{number:06}: value {number}").expect("a string takes everything");
    }
    text
}

/// A file of a chart.
#[must_use]
pub fn file(name: &str, text: &str) -> File {
    File {
        name: name.into(),
        data: text.as_bytes().into(),
        modified: None,
    }
}

/// Loads a chart that is known to load.
///
/// # Panics
///
/// When it does not.
#[must_use]
pub fn load(files: Vec<File>, sources: &mut Sources) -> Chart {
    let loaded = chart::load(files, "bench", sources);
    loaded.expect("a chart made for benches loads").chart
}

fn chart_yaml(name: &str) -> File {
    file(
        "Chart.yaml",
        &format!("apiVersion: v2\nname: {name}\nversion: 1.2.3\nappVersion: 4.5.6\n"),
    )
}

/// The files of a chart of the usual size: 40 KB, half of it values.
#[must_use]
pub fn chart_files(name: &str) -> Vec<File> {
    let mut files = vec![
        chart_yaml(name),
        file("values.yaml", &values_text(20_000)),
        file("README.md", &"A chart made for benches.\n".repeat(200)),
    ];
    for number in 0..10 {
        let name = format!("templates/service-{number}.yaml");
        files.push(file(&name, &section(number)));
    }
    files
}

/// A chart with that many declared subcharts, each with some values of its own, a condition and
/// globals.
#[must_use]
pub fn umbrella_files(subcharts: usize) -> Vec<File> {
    let mut chart = String::from("apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n");
    let mut values = String::from("global:\n  stack: qa1\n  image: {registry: example.com}\n");
    let mut files = Vec::new();
    for number in 0..subcharts {
        let name = format!("sub{number:04}");
        writeln!(
            chart,
            "- name: {name}\n  version: 1.x.x\n  condition: {name}.enabled"
        )
        .expect("a string takes everything");
        writeln!(values, "{name}:\n  enabled: true\n  replicas: {number}")
            .expect("a string takes everything");
        let folder = format!("charts/{name}");
        files.push(file(
            &format!("{folder}/Chart.yaml"),
            &format!(
                "apiVersion: v2\nname: {name}\nversion: 1.0.{number}\ndependencies:\n- name: inner\n  \
                 version: 1.0.0\n"
            ),
        ));
        files.push(file(
            &format!("{folder}/values.yaml"),
            "replicas: 1\nimage: {tag: v1, pullPolicy: Always}\nresources: {limits: {cpu: 1}}\n",
        ));
        files.push(file(
            &format!("{folder}/charts/inner/Chart.yaml"),
            "apiVersion: v2\nname: inner\nversion: 1.0.0\n",
        ));
        files.push(file(
            &format!("{folder}/charts/inner/values.yaml"),
            "port: 80\nprobe: {path: /, period: 10}\n",
        ));
    }
    files.push(file("Chart.yaml", &chart));
    files.push(file("values.yaml", &values));
    files
}

/// How the profiles of [`profiled_files`] depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profiles {
    /// Not at all.
    SideBySide,
    /// Each extends the one before it.
    Chain,
}

/// A chart with that many profiles; `p0` is the first.
#[must_use]
pub fn profiled_files(count: usize, profiles: Profiles) -> Vec<File> {
    let mut files = vec![
        chart_yaml("profiled"),
        file("values.yaml", &values_text(4_000)),
    ];
    for number in 0..count {
        let values = format!(
            "service0:\n  replicaCount: {number}\n  image: {{tag: v{number}}}\nown{number}: 1\n"
        );
        files.push(file(&format!("profiles/p{number}/values.yaml"), &values));
        if profiles == Profiles::Chain && number > 0 {
            let base = format!("extends: [p{}]\n", number - 1);
            files.push(file(&format!("profiles/p{number}/profile.yaml"), &base));
        }
    }
    files
}

/// The folder of `fixtures/`.
#[must_use]
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Every `values.yaml` of the real charts in the folder that `CHARTKIT_CORPUS` names, subcharts
/// included, or of `../shared/corpus/charts`; nothing without them.
#[must_use]
pub fn corpus_values() -> Vec<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/charts");
    let folder = std::env::var_os("CHARTKIT_CORPUS").map_or(beside, PathBuf::from);
    let groups = || Some(std::fs::read_dir(&folder).ok()?.flatten());
    let mut archives: Vec<PathBuf> = (groups().into_iter().flatten())
        .filter_map(|group| Some(std::fs::read_dir(group.path()).ok()?.flatten()))
        .flat_map(|files| files.map(|file| file.path()))
        .filter(|path| path.to_string_lossy().ends_with(".src.tgz"))
        .collect();
    archives.sort();
    let read = |path: &PathBuf| archive::read(&*std::fs::read(path).ok()?, &Limits::default()).ok();
    let files = archives.iter().filter_map(read).flatten();
    let is_values = |file: &File| file.name.split('/').next_back() == Some("values.yaml");
    files
        .filter(is_values)
        .map(|file| file.data.to_vec())
        .collect()
}
