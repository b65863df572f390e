//! Archives to files, against what Helm's reader said, and archives that never end.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use chartkit::chart::archive::{ArchiveErrorKind, Limits, read};
use chartkit::chart::{self, LoadErrorKind};
use chartkit::digest::Sha256;
use chartkit::source::Sources;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use crate::chart::chain;
use crate::{assert_as_helm, fixture, fixture_bytes};

/// How Helm's own texts begin; the others are Go's, and we have our own for them.
const OF_HELM: [&str; 4] = ["chart ", "decompressed ", "no files", "chart yaml"];

fn outcome(archive: impl Read) -> Json {
    match read(archive, &Limits::default()) {
        Ok(files) => {
            let files = files.iter().map(|file| {
                json!({
                    "name": file.name,
                    "size": file.data.len(),
                    "sha256": &Sha256::of(&file.data).to_string()["sha256:".len()..][..8],
                    "modified": file.modified.unwrap().to_string(),
                })
            });
            json!({ "files": files.collect::<Vec<_>>() })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

#[test]
fn archives_are_read_as_by_helm() {
    let want: BTreeMap<String, Json> =
        serde_json::from_str(&fixture("archives/want.json")).unwrap();
    let compared = want.into_iter().map(|(name, want)| {
        let mut ours = outcome(&*fixture_bytes(&format!("archives/{name}.tgz")));
        if let Some(text) = want["error"].as_str()
            && !OF_HELM.iter().any(|start| text.starts_with(start))
            && ours.get("error").is_some()
        {
            ours["error"] = json!(text);
        }
        (name, ours, want)
    });
    assert_as_helm(compared, &[]);
}

/// A tar header with a name, a type and a size.
fn header(name: &str, kind: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

const MIB: usize = 1024 * 1024;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(data).unwrap();
    gzip.finish().unwrap()
}

/// An archive of `whole` files of 4 MiB of zeros and one of `last` bytes. Gzip streams can be put one
/// behind the other, so the zeros are compressed only once.
fn files_of_zeros(whole: u64, last: usize) -> Vec<u8> {
    let zeros = vec![0; 4 * MIB];
    let four = gzip(&zeros);
    let mut archive = Vec::new();
    for index in 0..whole {
        archive.extend(gzip(&header(
            &format!("a/{index}"),
            b'0',
            zeros.len() as u64,
        )));
        archive.extend(&four);
    }
    archive.extend(gzip(&header("a/last", b'0', last as u64)));
    archive.extend(gzip(&vec![0; last.next_multiple_of(512)]));
    archive
}

#[test]
fn a_chart_stays_below_100_mib() {
    let kind = |archive: Vec<u8>| read(&*archive, &Limits::default()).map_err(|e| e.kind());
    assert!(kind(files_of_zeros(24, 4 * MIB - 1)).is_ok());
    let too_large = Err(ArchiveErrorKind::TooLarge);
    assert_eq!(kind(files_of_zeros(24, 4 * MIB)), too_large);
    assert_eq!(kind(files_of_zeros(24, 4 * MIB + 1)), too_large);
    let error = read(&*files_of_zeros(25, 1), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "decompressed chart is larger than the maximum size 104857600"
    );
}

#[test]
fn a_file_may_have_5_mib() {
    assert!(read(&*files_of_zeros(0, 5 * MIB), &Limits::default()).is_ok());
    let error = read(&*files_of_zeros(0, 5 * MIB + 1), &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"decompressed chart file "a/last" is larger than the maximum file size 5242880"#
    );
}

/// The same bytes again and again: an archive without end that is nowhere whole.
struct Endless {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let count = buffer.len().min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.bytes.len();
        Ok(count)
    }
}

#[test]
fn bombs_end_at_the_limit() {
    let mut limits = Limits::default();
    limits.chart_bytes = 4 * MIB as u64;
    let long_name = |kind: u8| {
        let mut name = header("././@LongLink", kind, MIB as u64).to_vec();
        name.extend(b"a/");
        name.resize(512 + MIB, b'n');
        name
    };
    let mut global = header("g", b'g', 12).to_vec();
    global.extend(b"12 path=a/x\n");
    global.resize(1024, 0);
    let mut small = header("a/x", b'0', 1).to_vec();
    small.resize(1024, 0);
    for (name, blocks, text) in [
        ("directories", header("a/", b'5', 0).to_vec(), "4194304"),
        ("global headers", global, "4194304"),
        ("long names of nothing", long_name(b'L'), "4194304"),
        ("long links of nothing", long_name(b'K'), "4194304"),
        (
            "long names of empty files",
            [&long_name(b'L')[..], &header("a/x", b'0', 0)].concat(),
            "8388608",
        ),
        ("small files", small, "4194304"),
        ("files", files_of_zeros_tar(MIB), "4194304"),
    ] {
        let bytes = gzip(&blocks.repeat(MIB.div_ceil(blocks.len())));
        let error = read(Endless { bytes, at: 0 }, &limits).unwrap_err();
        assert_eq!(error.kind(), ArchiveErrorKind::TooLarge, "{name}: {error}");
        assert!(error.to_string().contains(text), "{name}: {error}");
    }
}

fn files_of_zeros_tar(size: usize) -> Vec<u8> {
    let mut tar = header("a/x", b'0', size as u64).to_vec();
    tar.resize(512 + size, 0);
    tar
}

fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for (name, data) in entries {
        gzip.write_all(&header(name, b'0', data.len() as u64))
            .unwrap();
        let mut padded = data.to_vec();
        padded.resize(data.len().next_multiple_of(512), 0);
        gzip.write_all(&padded).unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

const CHART: &[u8] = b"apiVersion: v2\nname: a\nversion: 1.0.0\n";

#[test]
fn packed_subcharts_are_named_by_their_archive() {
    let inner = packed(&[("b/Chart.yaml", CHART), ("b/values.yaml", b"x: 1\n")]);
    let middle = packed(&[("m/Chart.yaml", CHART), ("m/charts/in.tgz", &inner)]);
    let outer = packed(&[("a/Chart.yaml", CHART), ("a/charts/mid-1.tgz", &middle)]);
    let mut sources = Sources::new();
    let loaded = chart::load_archive(&*outer, "a.tgz", &Limits::default(), &mut sources).unwrap();
    let inner = &loaded.chart.dependencies[0].dependencies[0];
    assert_eq!(
        sources.name(inner.values_file.unwrap()),
        "a.tgz!/charts/mid-1.tgz!/charts/in.tgz!/values.yaml"
    );

    let broken = packed(&[("a/Chart.yaml", CHART), ("a/charts/b.tgz", b"x")]);
    let error = chart::load_archive(&*broken, "a.tgz", &Limits::default(), &mut sources);
    let error = error.unwrap_err();
    assert_eq!(error.kind(), LoadErrorKind::Subchart);
    assert_eq!(
        chain(&error),
        "error unpacking subchart b.tgz in a: cannot read the archive `a.tgz!/charts/b.tgz`: \
         not a gzip archive"
    );
}

#[test]
fn archives_in_archives_share_one_budget() {
    // Each level unpacks to less than the limit, all of them together to more than four times it.
    let limits = {
        let mut limits = Limits::default();
        limits.chart_bytes = 200 * 1024;
        limits
    };
    let filler = vec![0; 150 * 1024];
    let subchart = packed(&[("b/Chart.yaml", CHART), ("b/x", &filler)]);
    let chart_of = |count: usize| {
        let names: Vec<_> = (0..count).map(|i| format!("a/charts/{i}.tgz")).collect();
        let mut entries = vec![("a/Chart.yaml", CHART)];
        entries.extend(names.iter().map(|name| (name.as_str(), &*subchart)));
        packed(&entries)
    };
    let load = |count| {
        chart::load_archive(&*chart_of(count), "a.tgz", &limits, &mut Sources::new()).map(|_| ())
    };
    assert!(load(4).is_ok());
    let text = chain(&load(8).unwrap_err());
    assert!(
        text.ends_with("decompressed chart is larger than the maximum size 204800"),
        "{text}"
    );
}

#[test]
fn every_cut_is_an_error_or_the_whole() {
    let whole = packed(&[("a/Chart.yaml", CHART), ("a/values.yaml", b"x: 1\n")]);
    let all = outcome(&*whole);
    for length in 0..whole.len() {
        let cut = outcome(&whole[..length]);
        assert!(cut == all || cut.get("error").is_some(), "{length}: {cut}");
    }
}
