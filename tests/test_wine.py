import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from sklearn import datasets

import nnbook
from nnbook.datasets import wine_quality

HEADER = ";".join(f'"{name}"' for name in wine_quality._COLUMNS)
ROWS = [
    "7;0.27;0.36;20.7;0.045;45;170;1.001;3;0.45;8.8;6",
    "6.3;0.3;0.34;1.6;0.049;14;132;0.994;3.3;0.49;9.5;5",
    "8.1;0.28;0.4;6.9;0.05;30;97;0.9951;3.26;0.44;10.1;9",
]
TABLE = "\n".join([HEADER, *ROWS, ""]).encode()
NAME = "winequality-white.csv"


class TestWine:
    def test_the_rows_are_those_of_scikit_learn(self) -> None:
        wine, bunch = nnbook.load_wine(), datasets.load_wine()
        assert torch.equal(wine.inputs, torch.tensor(bunch.data, dtype=torch.float32))
        assert wine.targets.tolist() == bunch.target.tolist()
        assert len(wine.input_names) == 13
        assert wine.target_names == ("cultivar 0", "cultivar 1", "cultivar 2")

    def test_there_are_178_wines_of_three_cultivars(self) -> None:
        assert nnbook.load_wine().targets.bincount().tolist() == [59, 71, 48]

    def test_without_scikit_learn_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        with pytest.raises(ImportError, match=r'pip install "nnbook\[wine\]"'):
            nnbook.load_wine()


@pytest.fixture
def small_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Three rows take the place of the published table, its checksum included."""
    monkeypatch.setitem(wine_quality._SHA256, "white", hashlib.sha256(TABLE).hexdigest())
    monkeypatch.delenv("NNBOOK_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / NAME
    file.write_bytes(TABLE)
    return file


def cached(tmp_path: Path) -> list[Path]:
    """Every file below the cache folder, unfinished downloads included."""
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


class TestTable:
    def test_measurements_become_inputs_and_the_score_the_target(self, small_table: Path) -> None:
        wine = nnbook.load_wine_quality(path=small_table)
        expected = torch.tensor([[float(cell) for cell in row.split(";")] for row in ROWS])
        assert torch.equal(wine.inputs, expected[:, :-1])
        assert torch.equal(wine.targets, expected[:, -1:])
        assert wine.input_labels[-1] == "alcohol (% vol)"
        assert wine.input_labels[8] == "pH"
        assert wine.target_labels == ("quality (points)",)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param(TABLE[:220], "line 3: must have 12 columns, got", id="truncated"),
            pytest.param(
                TABLE.rsplit(b"\n", 2)[0] + b"\n", "3 lines: must have the sha256", id="row gone"
            ),
            pytest.param(
                TABLE.replace(b"0.27", b"0.28"), "4 lines: must have the sha256", id="altered"
            ),
            pytest.param(
                TABLE.replace(b"\n", b"\r\n"), "4 lines: must have the sha256", id="line ends"
            ),
            pytest.param(
                TABLE.decode().encode("utf-16"), "line 1: must be plain ASCII", id="re-encoded"
            ),
            pytest.param(
                b"\xef\xbb\xbf" + TABLE, "line 1: must be plain ASCII", id="byte order mark"
            ),
            pytest.param(
                TABLE.replace(b";", b","),
                "line 1, column 'fixed acidity': must name 12",
                id="commas",
            ),
            pytest.param(
                TABLE.replace(b'"pH";', b""), "line 1, column 'pH': must name 12", id="column gone"
            ),
            pytest.param(
                TABLE.replace(b"20.7", b"twenty"),
                "line 2, column 'residual sugar': must be a number, got 'twenty'",
                id="word",
            ),
            pytest.param(
                TABLE.replace(b"20.7", b""), "line 2, column 'residual sugar'", id="empty cell"
            ),
            pytest.param(
                TABLE.replace(b"132", b"nan"), "line 3, column 'total sulfur dioxide'", id="nan"
            ),
            pytest.param(b"", "line 1, column 'fixed acidity'", id="empty file"),
        ],
    )
    def test_a_damaged_file_is_refused_by_name_line_and_column(
        self, small_table: Path, content: bytes, message: str
    ) -> None:
        small_table.write_bytes(content)
        with pytest.raises(ValueError, match=f"{NAME}, {message}"):
            nnbook.load_wine_quality(path=small_table)

    @pytest.mark.unchecked
    def test_another_colour_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r'`color` must be "white" or "red", got \'rosé\'\.'):
            nnbook.load_wine_quality("rosé")

    @pytest.mark.skipif(
        not (Path(os.environ.get("NNBOOK_DATA_DIR", "/nowhere")) / NAME).exists(),
        reason="the published table is not at hand: NNBOOK_DATA_DIR names no folder that has it",
    )
    def test_the_published_table_has_4898_rows_of_which_2198_are_sixes(self) -> None:
        wine = nnbook.load_wine_quality()
        scores = wine.targets.squeeze(1).long().bincount()
        assert wine.inputs.shape == (4898, 11)
        assert scores.tolist() == [0, 0, 0, 20, 163, 1457, 2198, 880, 175, 5]


class TestWhereItIsLookedFor:
    def test_the_path_comes_before_the_folder(
        self, small_table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        other = tmp_path / "folder"
        other.mkdir()
        (other / NAME).write_text("damaged")
        monkeypatch.setenv("NNBOOK_DATA_DIR", str(other))
        assert len(nnbook.load_wine_quality(path=small_table)) == 3
        with pytest.raises(ValueError, match="must name 12 columns"):
            nnbook.load_wine_quality()

    def test_the_folder_in_the_environment_is_looked_into(
        self, small_table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NNBOOK_DATA_DIR", str(small_table.parent))
        assert len(nnbook.load_wine_quality()) == 3

    def test_a_path_without_a_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(
            FileNotFoundError, match=r"`path` must be the file winequality-white\.csv"
        ):
            nnbook.load_wine_quality(path=tmp_path / "absent.csv")

    def test_the_working_folder_is_looked_into(
        self, small_table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(small_table.parent)
        assert len(nnbook.load_wine_quality()) == 3

    def test_without_pooch_the_ways_to_the_file_are_named(
        self, small_table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pooch", None)
        with pytest.raises(FileNotFoundError, match="There are four ways to it"):
            nnbook.load_wine_quality()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A server on the loopback address that answers with `content`, cut at `cut` bytes."""
    state = SimpleNamespace(content=TABLE, cut=None, status=200, requests=0)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests += 1
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.content)))
            self.end_headers()
            self.wfile.write(state.content[: state.cut])

        def log_message(self, *args: object) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(wine_quality, "_ADDRESS", f"http://127.0.0.1:{httpd.server_port}/")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)  # between its attempts
    state.port = httpd.server_port
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


class TestDownload:
    def test_it_is_downloaded_once_and_then_cached(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        assert len(nnbook.load_wine_quality()) == 3
        assert len(nnbook.load_wine_quality()) == 3
        assert server.requests == 1
        assert [path.name for path in cached(tmp_path)] == [NAME]

    def test_a_damaged_cache_is_downloaded_anew(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        nnbook.load_wine_quality()
        (file,) = cached(tmp_path)
        file.write_bytes(TABLE[:100])
        assert len(nnbook.load_wine_quality()) == 3
        assert server.requests == 2

    def test_a_download_cut_in_its_middle_leaves_nothing(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        server.cut = len(TABLE) // 2
        with pytest.raises(FileNotFoundError, match=r"four ways to it.*The download failed"):
            nnbook.load_wine_quality()
        assert server.requests == 4  # the first attempt and three more
        assert cached(tmp_path) == []

    def test_a_download_that_is_cut_once_is_tried_again(
        self, small_table: Path, server: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.cut = len(TABLE) // 2
        monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: setattr(server, "cut", None))
        assert len(nnbook.load_wine_quality()) == 3
        assert server.requests == 2

    def test_a_wrong_checksum_leaves_nothing(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        server.content = TABLE.replace(b"0.27", b"0.28")
        with pytest.raises(FileNotFoundError, match=r"The download failed: SHA256 hash"):
            nnbook.load_wine_quality()
        assert cached(tmp_path) == []

    def test_a_page_that_is_not_there_is_reported(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        server.status = 404
        with pytest.raises(FileNotFoundError, match=r"The download failed: 404"):
            nnbook.load_wine_quality()
        assert cached(tmp_path) == []

    def test_without_network_and_file_the_four_ways_are_named(
        self, small_table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as closed:
            port = closed.server_port  # free again once closed: nobody answers there
        monkeypatch.setattr(wine_quality, "_ADDRESS", f"http://127.0.0.1:{port}/")
        monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
        with pytest.raises(FileNotFoundError) as caught:
            nnbook.load_wine_quality()
        for way in ("`path`", "NNBOOK_DATA_DIR", 'pip install "nnbook[wine]"', "by hand"):
            assert way in str(caught.value)
        assert cached(tmp_path) == []

    def test_two_processes_that_download_at_once_do_no_harm(
        self, small_table: Path, server: SimpleNamespace, tmp_path: Path
    ) -> None:
        program = (
            "import hashlib, sys\n"
            "from nnbook.datasets import wine_quality\n"
            f"wine_quality._ADDRESS = 'http://127.0.0.1:{server.port}/'\n"
            f"wine_quality._SHA256['white'] = '{hashlib.sha256(TABLE).hexdigest()}'\n"
            "print('ready', flush=True)\n"
            "sys.stdin.readline()\n"
            "print(len(wine_quality.load_wine_quality()))\n"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            output, errors = process.communicate(timeout=60)
            assert (process.returncode, output) == (0, "3\n"), errors
        (file,) = cached(tmp_path)
        assert file.read_bytes() == TABLE
