<?php

declare(strict_types=1);

/** Forget every setting of the environment that the tests run in. */
function forgetSettings(): void
{
    $names = ['ELSOM_API_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
    foreach ($names as $name) {
        putenv($name);
        unset($_SERVER[$name], $_ENV[$name]);
    }
}

/** The router on a free port of 127.0.0.1, for as long as a test class runs. */
final class Server
{
    public string $url;
    /** @var resource */
    private $process;

    public function __construct()
    {
        $command = [PHP_BINARY, '-S', '127.0.0.1:0', __DIR__ . '/router.php'];
        $this->process = proc_open($command, [2 => ['pipe', 'w']], $pipes);
        do {
            $line = fgets($pipes[2]);
        } while ($line !== false && !preg_match('~http://127\.0\.0\.1:\d+~', $line, $parts));
        $this->url = $parts[0];
    }

    public function stop(): void
    {
        proc_terminate($this->process);
    }
}
