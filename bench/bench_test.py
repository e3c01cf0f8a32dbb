"""What the table says must follow from what was measured."""

import json
import socket
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import accept
import attachments
import bench
import bindings
import notifications
import resumed
import ways


def test_the_median_run_is_one_of_the_runs():
    runs = [bench.Run(30, 1, 9, 1, 1), bench.Run(10, 3, 7, 1, 1), bench.Run(20, 2, 8, 1, 1)]
    assert bench.median_run(runs) is runs[2]


def test_a_table_lines_up():
    text = bench.table(("", "a"), [("long name", "1,000"), ("x", "2")]).splitlines()
    assert text[1] == "long name  1,000" and text[2].endswith("    2")


def test_reads_its_own_memory_and_processor_time():
    import os

    assert 1 < bench.memory_mb(os.getpid(), "VmRSS") <= bench.memory_mb(os.getpid(), "VmHWM") + 1
    assert bench.processor_seconds(os.getpid()) >= 0


def test_turns_are_told_with_their_spread():
    turns, baseline = accept.Turns(), accept.Turns()
    for rate in (900, 1_200, 1_000):
        turns.add(rate, 2_000, 5_000)
        baseline.add(rate / 2, 1_000, 1_000)
    assert turns.row("name", baseline) == ("name", "1,000", "900-1,200", "2.00", "5.00", "2.00")


def test_a_command_of_redis_says_how_long_its_words_are():
    assert accept.resp("XADD", "{id}") == "*2\r\n$4\r\nXADD\r\n$16\r\n{id}\r\n"


def test_a_quantile_is_one_of_the_values():
    assert accept.quantile([1, 2, 3, 4], 0.5) == 3 and accept.quantile([7], 0.99) == 7


def measured(rates, p50, p99):
    return ways.Way(1, "/", p50=p50, p99=p99, rate=rates)


def test_what_a_way_adds_is_told_turn_by_turn_and_beside_what_nginx_adds():
    direct, nginx = measured([9, 9, 9], [1, 5, 2], [2, 9, 3]), measured([8, 8, 8], [2, 6, 3], [4, 11, 5])
    ours = measured([5, 7, 6], [4, 8, 5], [3, 10, 4])
    rows = ways.latency_rows("message", {"direct": direct, "nginx": nginx, "platform": ours}, [2, 1.5, 7])
    assert rows[0] == ("message: direct", "2.000", "3.000", "", "", "", "", "", "9", "9-9")
    assert rows[1][3:8] == ("+1.000", "+2.000", "", "", "")
    assert rows[2] == ("message: platform", "5.000", "4.000", "+3.000", "+1.000", "3.00", "0.50", "1.50", "6", "5-7")


def test_where_nginx_adds_nothing_there_is_no_ratio_to_it():
    assert ways.times(1, 0) == "-" and ways.times(1, -1) == "-" and ways.times(1, 2) == "0.50"


def test_a_rate_stands_beside_the_direct_one_and_that_of_nginx():
    three = {name: measured(rates, [], []) for name, rates in (("direct", [100]), ("nginx", [50]), ("platform", [10, 20, 30]))}
    assert ways.rate_rows("8 MiB", three)[2] == ("8 MiB: platform", "20.0", "10.0-30.0", "0.200", "0.400")


def test_a_cutter_carries_both_ways_until_it_cuts_and_again_after_it():
    with socket.create_server(("127.0.0.1", 0)) as far, resumed.Cutter(far.getsockname()[1]) as cutter:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", cutter.port), 5) as near:
                near.sendall(b"there")
                with far.accept()[0] as other:
                    other.settimeout(5)
                    assert other.recv(5) == b"there"
                    other.sendall(b"back")
                    assert near.recv(4) == b"back"
                    cutter.cut()
                    assert near.recv(1) == b"" and other.recv(1) == b""


def test_a_stream_is_asked_for_with_what_its_agent_reads():
    asked = ways.stream_request("/a2a", "secret", 3, 2000, 10)
    assert asked.startswith("POST /a2a HTTP/1.1\n") and "Bearer secret" in asked and "pieces=3 every_us=2000 bytes=10" in asked


def test_a_message_of_protobuf_has_its_lengths_before_its_fields():
    assert bindings.length_delimited(5, b"x" * 300) == b"\x2a\xac\x02" + b"x" * 300
    assert bindings.send_message("w", "m", "t") == b"\x0a\x01w" + b"\x12\x0a" + b"\x0a\x01m" + b"\x20\x01" + b"\x2a\x03\x0a\x01t"


def test_a_call_of_grpc_leaves_room_for_the_number_of_its_message():
    head, message = bindings.grpc_request("w", "secret", "text").split(b"\n\n", 1)
    assert b"authorization Bearer secret" in head.splitlines()
    assert message.replace(b"{id}", b"0" * 16) == bindings.send_message("w", "0" * 16, "text")


def test_a_file_goes_with_its_length_between_what_is_before_and_after_it():
    came = []

    def answer(listener):
        with listener.accept()[0] as other:
            text = b""
            while not text.endswith(b"after"):
                text += other.recv(4096)
            came.append(text)
            other.sendall(b"HTTP/1.1 201 Created\r\nA: b\r\n\r\n" + b"y" * 9000)

    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as file:
        file.write(b"x" * 5000)
        file.flush()
        answering = threading.Thread(target=answer, args=(listener,))
        answering.start()
        status, body, size = attachments.exchange(listener.getsockname()[1], "PUT /f HTTP/1.1", b"before", file, b"after")
        answering.join(5)
    assert (status, size) == (201, 9000) and body.startswith(b"yyy")
    head, _, sent = came[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 5011" in head and sent == b"before" + b"x" * 5000 + b"after"


def test_a_message_names_who_is_to_be_told_and_when_it_was_sent():
    head, body = notifications.told_request("/a2a", "secret", "http://receiver/told").split("\n\n")
    params = json.loads(body)["params"]
    assert "Bearer secret" in head and params["configuration"]["pushNotificationConfig"] == {"url": "http://receiver/told"}
    assert params["message"]["parts"][0]["text"] == "answer=task at={now}"
