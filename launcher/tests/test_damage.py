"""What lies in a suite's folders may be cut short, damaged or others': nothing is lost by it."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from launcher import certificates, clusters, postgres
from launcher.layout import Layout, write_private
from launcher.state import Trouble
from launcher.versions import fingerprint


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "a var")
    made.make_folders()
    return made


def cluster_in(folder):
    return postgres.Cluster(postgres.packaged_bin(), folder / "data", 1, "x", None)


def test_databases_without_their_version_are_refused_and_not_overwritten(tmp_path):
    kept = tmp_path / "data" / "base" / "16384"
    kept.parent.mkdir(parents=True)
    kept.write_text("somebody's money")
    with pytest.raises(Trouble, match="are damaged"):
        postgres.initialise(cluster_in(tmp_path))
    assert kept.read_text() == "somebody's money"


def test_databases_of_another_major_version_are_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(Trouble, match="were made by PostgreSQL 12"):
        postgres.initialise(cluster_in(tmp_path))


@pytest.fixture
def cluster_of():
    """Clusters under the real folder, as root has them; whoever's they are, they end here."""
    made = []

    def make(owner):
        home = clusters.FOLDER / f"billing-suite-pg-0-{uuid.uuid1().hex}"
        (home / "data").mkdir(parents=True)
        (home / "owner").write_text(str(owner))
        # What a killed server leaves: a number that may be nobody's by now.
        (home / "data" / "postmaster.pid").write_text("99999999")
        made.append(home)
        return home

    yield make
    for home in made:
        shutil.rmtree(home, ignore_errors=True)


def test_a_cluster_is_removed_once_its_suite_is_gone_and_nothing_runs_from_it(cluster_of, tmp_path):
    owned, orphan, used = [cluster_of(tmp_path / name) for name in ("owned", "gone", "gone too")]
    (tmp_path / "owned").touch()
    argument = str(used / "data")
    idle = subprocess.Popen([sys.executable, "-c", "input()", argument], stdin=subprocess.PIPE)
    try:
        clusters.remove_orphaned_clusters()
    finally:
        idle.kill()
        idle.communicate()
    assert owned.exists()
    assert used.exists()
    assert not orphan.exists()


def test_a_suite_that_forgot_its_cluster_still_finds_it(cluster_of, layout, tmp_path):
    ours, other = cluster_of(layout.state_file), cluster_of(tmp_path / "other" / "suite.json")
    clusters.remove_clusters_of(layout)
    assert (ours.exists(), other.exists()) == (False, True)


def test_a_signing_key_that_cannot_be_read_is_put_aside(layout):
    certificates.ensure_signing_key(layout)
    [good] = layout.signing_keys.glob("*.pem")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    for name, content in (("cut", good.read_bytes()[:50]), ("locked", locked), ("empty", b"")):
        (layout.signing_keys / f"{name}.pem").write_bytes(content)
    certificates.ensure_signing_key(layout)
    assert list(layout.signing_keys.glob("*.pem")) == [good]
    assert len(list(layout.signing_keys.glob("*.broken"))) == 3


@pytest.mark.parametrize("broken", ["authority", "certificate", "certificate_key"])
def test_certificates_are_kept_while_they_are_whole_and_made_anew_together(layout, broken):
    certificates.ensure_certificates(layout, ["localhost"])
    before = layout.certificate.read_bytes()
    certificates.ensure_certificates(layout, ["localhost"])
    assert layout.certificate.read_bytes() == before
    Path(getattr(layout, broken)).write_bytes(b"-----BEGIN")
    certificates.ensure_certificates(layout, ["localhost"])
    assert layout.certificate.read_bytes() != before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(layout, tmp_path):
    path = tmp_path / "file"
    write_private(path, "old")
    partial = path.with_name(f".file.{os.getpid()}")
    partial.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert set(os.listdir(tmp_path)) == {"a var", "file"}


def test_the_fingerprint_changes_with_a_migration_and_not_with_a_test(tmp_path):
    versions = tmp_path / "billing_api" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text("revision = '0001'")
    before = fingerprint(tmp_path)
    tests = tmp_path / "launcher" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_x.py").write_text(json.dumps("x"))
    assert fingerprint(tmp_path) == before
    (versions / "0002_second.py").write_text("revision = '0002'")
    assert fingerprint(tmp_path) != before
