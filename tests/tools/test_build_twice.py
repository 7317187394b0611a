"""Two builds are compared file by file, and the digest is one that anybody can compute again."""

import subprocess
from pathlib import Path

from tools.build_twice import differences, digest, sums


def a_tree(folder: Path) -> Path:
    for name in ("b.py", "a/c.py", "a.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_every_file_that_is_other_missing_or_more_is_named(tmp_path: Path) -> None:
    first, second = a_tree(tmp_path / "one"), a_tree(tmp_path / "two")
    assert differences(sums(first), sums(second)) == []
    (second / "a.py").write_text("changed")
    (second / "b.py").unlink()
    (second / "a" / "new.py").touch()
    assert differences(sums(first), sums(second)) == ["a.py", "a/new.py", "b.py"]


def test_the_digest_is_what_the_documented_command_prints(tmp_path: Path) -> None:
    tree = a_tree(tmp_path / "tree")
    command = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tree, check=True, capture_output=True, text=True
    )
    assert digest(sums(tree)) == done.stdout.split()[0]
