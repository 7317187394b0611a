<?php
/**
 * Client of the Elsom Payments API in one file: PHP 7.4 or newer with curl, json and hash. MIT licence.
 *
 *     $api = new ElsomPayments();
 *     $payment = $api->start('1500.00', 'A-1001', 'order-A-1001');
 *     header('Location: ' . $payment['checkoutUrl']);
 */

declare(strict_types=1);

namespace ElsomPayments {
    /** The root of all that a call throws because of what came back. */
    class ElsomPaymentsError extends \RuntimeException {}

    /**
     * A problem of the API. `$name` is the last part of its type, `$fields` names wrong input.
     *
     * Each type of problem has a class of its own below; a problem that this version does not know is an ApiError.
     */
    class ApiError extends ElsomPaymentsError
    {
        public int $status;
        public string $name;
        public array $problem;
        public array $fields = [];

        public function __construct(int $status, array $problem)
        {
            $this->status = $status;
            $this->problem = $problem;
            $parts = explode(':', self::text($problem, 'type'));
            $this->name = end($parts);
            foreach (array_filter((array) ($problem['errors'] ?? []), 'is_array') as $error) {
                $this->fields[self::text($error, 'field')] = self::text($error, 'message');
            }
            $detail = self::text($problem, 'detail');
            parent::__construct("$status {$this->name}: $detail (" . self::text($problem, 'instance') . ')');
        }

        /** The error of the class that this type of problem has. */
        public static function of(int $status, array $problem): self
        {
            $known = [
                'invalid-request' => InvalidRequest::class, 'not-found' => NotFound::class,
                'idempotency-key-reused' => IdempotencyKeyReused::class, 'conflict' => StateConflict::class,
                'start-in-progress' => StartInProgress::class, 'elsom-refused' => ElsomRefused::class,
                'elsom-unreachable' => ElsomUnreachable::class, 'not-configured' => NotConfigured::class,
                'try-again' => TryAgain::class, 'internal' => InternalError::class, 'gateway' => GatewayError::class,
            ];
            $error = new self($status, $problem);
            $class = $known[$error->name] ?? self::class;
            return new $class($status, $problem);
        }

        protected static function text(array $values, string $name): string
        {
            return is_scalar($values[$name] ?? null) ? (string) $values[$name] : '';
        }
    }

    /** A field of the request is wrong: `$fields` says which, and why. */
    class InvalidRequest extends ApiError {}
    /** There is no such payment. */
    class NotFound extends ApiError {}
    /** The idempotency key belongs to a request with other content. */
    class IdempotencyKeyReused extends ApiError {}
    /** The first call with this key still ran when the time was over: call again with the same key. */
    class StartInProgress extends ApiError {}
    /** The payment is not in a state that allows this. */
    class StateConflict extends ApiError {}
    /** Elsom refused the start; the payment is stored as failed. */
    class ElsomRefused extends ApiError
    {
        public string $paymentId;
        public string $elsomErrorCode;

        public function __construct(int $status, array $problem)
        {
            parent::__construct($status, $problem);
            $this->paymentId = self::text($problem, 'paymentId');
            $this->elsomErrorCode = self::text($problem, 'elsomErrorCode');
        }
    }

    /** Elsom did not answer, and nothing was sent: call again with the same key. */
    class ElsomUnreachable extends ApiError {}
    /** The stack's secret is not filled in. */
    class NotConfigured extends ApiError {}
    /** The store or the queue did not answer in time: call again with the same key. */
    class TryAgain extends ApiError {}
    /** The API failed in an unforeseen way: call again with the same key. */
    class InternalError extends ApiError {}
    /** API Gateway refused the call, or could not reach the service. */
    class GatewayError extends ApiError {}
    /** No usable answer came in time. A start: call again with the same key. */
    class ApiUnreachable extends ElsomPaymentsError {}
    /** No secret of yours signed this webhook: answer 401 and do nothing. */
    class WrongSignature extends \RuntimeException {}
    /** One of the secrets you gave is not `whsec_` and base64: correct your settings. */
    class MalformedSecret extends \InvalidArgumentException {}
}

namespace {
    use ElsomPayments\{ApiError, ApiUnreachable, MalformedSecret, WrongSignature};

    /** One stack's API. */
    final class ElsomPayments
    {
        public const VERSION = '1.0.0';

        // The API answers within 29 seconds, also when Elsom hangs.
        private const ANSWER_SECONDS = 35.0;
        private const CONNECT_SECONDS = 10.0;
        private const LONGEST_PAUSE_SECONDS = 20.0;
        private const WEBHOOK_TOLERANCE_SECONDS = 300;
        private const LONGEST_HEADER = 4096;
        private const PAGE = 100;

        private string $url;
        private string $region;
        private string $keyId;
        private string $secretKey;
        private string $sessionToken;
        private float $deadlineSeconds;

        /**
         * Settings come from the environment unless given: `apiUrl` (ELSOM_API_URL), `region` (AWS_REGION),
         * `accessKeyId`, `secretAccessKey`, `sessionToken` (AWS_ACCESS_KEY_ID and so on). `deadlineSeconds`
         * (60): how long one call may take in all, with its repeats.
         */
        public function __construct(array $settings = [])
        {
            if (!function_exists('curl_init')) {
                throw new \LogicException('PHP needs its curl extension to call the payments API.');
            }
            $this->url = rtrim(self::setting($settings, 'apiUrl', 'ELSOM_API_URL', null), '/');
            $this->region = self::setting($settings, 'region', 'AWS_REGION', self::regionOf($this->url));
            $this->keyId = self::setting($settings, 'accessKeyId', 'AWS_ACCESS_KEY_ID', null);
            $this->secretKey = self::setting($settings, 'secretAccessKey', 'AWS_SECRET_ACCESS_KEY', null);
            // A session token belongs to the key beside it.
            $ofEnvironment = isset($settings['accessKeyId']) ? '' : 'AWS_SESSION_TOKEN';
            $this->sessionToken = self::setting($settings, 'sessionToken', $ofEnvironment, '');
            $this->deadlineSeconds = (float) ($settings['deadlineSeconds'] ?? 60);
        }

        /** What `var_dump` shows: no key. */
        public function __debugInfo(): array
        {
            return ['url' => $this->url, 'region' => $this->region];
        }

        /**
         * Start a payment; the same key always means the same payment, however often called.
         *
         * `$amount` is a decimal string in som. `$more`: the other fields of the API's request, named as there,
         * such as `returnUrl`. The answer may be `start_unknown`, without a `checkoutUrl`: an event says how it
         * ended. Throws ElsomRefused, InvalidRequest, IdempotencyKeyReused and the other errors above.
         */
        public function start($amount, string $orderId, string $idempotencyKey, array $more = []): array
        {
            if (!is_string($amount)) {
                throw new \InvalidArgumentException('amount is a decimal string such as "1500.00", never a number');
            }
            if (!preg_match('/^[\x20-\x7e]{1,255}$/D', $idempotencyKey)) {
                throw new \InvalidArgumentException('the idempotency key is 1 to 255 printable ASCII characters');
            }
            $body = ['amount' => $amount, 'orderId' => $orderId] + $more;
            if (isset($body['metadata'])) {
                $body['metadata'] = (object) $body['metadata'];
            }
            $json = json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
            return $this->call('POST', '/payments', $json, ['Idempotency-Key' => $idempotencyKey]);
        }

        /** The payment as it is stored. */
        public function get(string $id): array
        {
            return $this->call('GET', self::pathOf($id));
        }

        /** Query Elsom now (at most once in 2 s, six times in 60 s) and return the payment. */
        public function check(string $id): array
        {
            return $this->call('POST', self::pathOf($id) . '/check');
        }

        /**
         * All matching payments, newest first; pages are fetched as they are needed.
         *
         * `$filter`: `status`, `orderId`, `from`, `to`, `paidFrom`, `paidTo`, and `limit`: at most so many in all.
         */
        public function list(array $filter = []): \Generator
        {
            $query = array_filter($filter, static fn ($value) => $value !== null);
            $left = (int) ($query['limit'] ?? PHP_INT_MAX);
            while ($left > 0) {
                $query['limit'] = min($left, self::PAGE);
                // In the order of their names, as the signature has them; a blank is %20.
                ksort($query, SORT_STRING);
                $page = $this->call('GET', '/payments?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986));
                foreach ($page['items'] ?? [] as $payment) {
                    yield $payment;
                }
                $query['cursor'] = $page['nextCursor'] ?? null;
                $left = $query['cursor'] === null ? 0 : $left - count($page['items'] ?? []);
            }
        }

        /**
         * The event of a webhook whose signature (Standard Webhooks) one of the secrets made.
         *
         * `$body`: the raw body, `file_get_contents('php://input')`. `$headers`: `getallheaders()`, `$_SERVER`, or a
         * framework's. Throws WrongSignature; MalformedSecret is about `$secrets` alone. `$now` is for tests.
         */
        public static function verifyWebhook(string $body, array $headers, array $secrets, ?int $now = null): array
        {
            $keys = array_map([self::class, 'webhookKey'], array_values($secrets));
            $malformed = array_search('', $keys, true);
            if ($malformed !== false) {
                // Thrown here, where no argument in the trace is a secret.
                throw new MalformedSecret('secret ' . ($malformed + 1) . ' is not whsec_ and base64');
            }
            [$id, $timestamp, $signatures] = self::webhookHeaders($headers);
            if (abs(($now ?? time()) - (int) $timestamp) > self::WEBHOOK_TOLERANCE_SECONDS) {
                throw new WrongSignature('the webhook was sent more than 5 minutes from now');
            }
            foreach ($keys as $key) {
                $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
                foreach (explode(' ', $signatures) as $signature) {
                    if (hash_equals($wanted, $signature)) {
                        return self::event($body);
                    }
                }
            }
            throw new WrongSignature("the webhook's signature matches no secret");
        }

        /** The bytes of a secret, or an empty text. */
        private static function webhookKey($secret): string
        {
            $pattern = '~^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$~D';
            $found = is_string($secret) && preg_match($pattern, $secret, $parts);
            return $found ? (string) base64_decode($parts[1], true) : '';
        }

        /** Id, timestamp and signatures, in whatever form PHP gives headers. */
        private static function webhookHeaders(array $headers): array
        {
            $found = [];
            foreach ($headers as $name => $value) {
                $plain = preg_replace('/^http-/', '', str_replace('_', '-', strtolower((string) $name)));
                $value = is_array($value) ? reset($value) : $value;
                if (is_string($value) && strlen($value) <= self::LONGEST_HEADER) {
                    $found[$plain] = $value;
                }
            }
            $three = [];
            foreach (['id' => '/./s', 'timestamp' => '/^[0-9]{1,12}$/D', 'signature' => '/./s'] as $name => $rule) {
                $three[] = $found["webhook-$name"] ?? '';
                if (!preg_match($rule, end($three))) {
                    throw new WrongSignature("the webhook's headers are missing or malformed");
                }
            }
            return $three;
        }

        private static function event(string $body): array
        {
            $event = json_decode($body, true);
            $isEvent = is_array($event) && is_string($event['eventId'] ?? null) && is_string($event['type'] ?? null)
                && is_int($event['sequence'] ?? null) && is_string($event['occurredAt'] ?? null);
            if (!$isEvent) {
                throw new WrongSignature('the webhook is signed, but it is not an event');
            }
            return $event;
        }

        /** Call, and repeat what may be repeated until the deadline: 409 of a running start, 429, 5xx, no answer. */
        private function call(string $method, string $path, string $body = '', array $headers = []): array
        {
            $until = microtime(true) + $this->deadlineSeconds;
            for ($attempt = 0; true; $attempt++) {
                [$status, $answer, $retryAfter, $reason] = $this->send($method, $path, $body, $headers, $until);
                if ($answer !== null && $status >= 200 && $status < 300) {
                    return $answer;
                }
                // Without a status, or with a success that cannot be read, no problem says why.
                $error = $status < 300 ? new ApiUnreachable($reason) : ApiError::of($status, $answer ?? []);
                $ownPause = min(2 ** $attempt, self::LONGEST_PAUSE_SECONDS) * random_int(50, 100) / 100;
                $pause = $retryAfter === null ? $ownPause : max(1, $retryAfter);
                $isRunning = ($error->name ?? '') === 'start-in-progress';
                $mayRepeat = $isRunning || $status < 300 || $status === 429 || $status >= 500;
                if (!$mayRepeat || microtime(true) + $pause >= $until) {
                    throw $error;
                }
                usleep((int) ($pause * 1000000));
            }
        }

        /** One signed request: status (0: none), JSON object or null, Retry-After or null, what went wrong. */
        private function send(string $method, string $path, string $body, array $headers, float $until): array
        {
            $url = $this->url . $path;
            $lines = [];
            foreach ($this->signed($method, $url, $headers, $body) as $name => $value) {
                $lines[] = "$name: $value";
            }
            $retryAfter = null;
            $seconds = max(0.001, min(self::ANSWER_SECONDS, $until - microtime(true)));
            $curl = curl_init($url);
            curl_setopt_array($curl, [
                CURLOPT_CUSTOMREQUEST => $method,
                // Without `Expect` curl sends the body at once.
                CURLOPT_HTTPHEADER => [...$lines, 'Expect:', 'User-Agent: elsom-payments-php/' . self::VERSION],
                CURLOPT_RETURNTRANSFER => true,
                CURLOPT_FOLLOWLOCATION => false,
                CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
                CURLOPT_NOSIGNAL => true,
                CURLOPT_CONNECTTIMEOUT_MS => (int) (min(self::CONNECT_SECONDS, $seconds) * 1000),
                CURLOPT_TIMEOUT_MS => (int) ceil($seconds * 1000),
                CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$retryAfter): int {
                    if (preg_match('/^retry-after:\s*(.*?)\s*$/i', $line, $parts)) {
                        $date = strtotime($parts[1]);
                        $retryAfter = ctype_digit($parts[1]) ? (int) $parts[1] : ($date ? $date - time() : null);
                    }
                    return strlen($line);
                },
            ] + ($method === 'POST' ? [CURLOPT_POSTFIELDS => $body] : []));
            $text = curl_exec($curl);
            $status = $text === false ? 0 : (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
            $reason = $text === false ? 'no answer: ' . curl_strerror(curl_errno($curl)) : "$status, but no JSON";
            $answer = is_string($text) ? json_decode($text, true) : null;
            return [$status, is_array($answer) ? $answer : null, $retryAfter, $reason];
        }

        /** The headers with AWS Signature Version 4, for the service execute-api. */
        private function signed(string $method, string $url, array $headers, string $body): array
        {
            $parts = parse_url($url);
            $port = isset($parts['port']) ? ":{$parts['port']}" : '';
            $time = gmdate('Ymd\THis\Z');
            $headers += ['Content-Type' => 'application/json', 'Host' => $parts['host'] . $port, 'X-Amz-Date' => $time];
            if ($this->sessionToken !== '') {
                $headers['X-Amz-Security-Token'] = $this->sessionToken;
            }
            $named = [];
            foreach ($headers as $name => $value) {
                $named[strtolower($name)] = preg_replace('/ +/', ' ', trim($value));
            }
            ksort($named);
            $lines = '';
            foreach ($named as $name => $value) {
                $lines .= "$name:$value\n";
            }
            $names = implode(';', array_keys($named));
            // The path is encoded twice, once for the request and once more for the signature.
            $path = str_replace('%2F', '/', rawurlencode($parts['path'] ?? '/'));
            $query = $parts['query'] ?? '';
            $request = implode("\n", [$method, $path, $query, $lines, $names, hash('sha256', $body)]);
            $scope = substr($time, 0, 8) . "/{$this->region}/execute-api/aws4_request";
            $toSign = "AWS4-HMAC-SHA256\n$time\n$scope\n" . hash('sha256', $request);
            $key = 'AWS4' . $this->secretKey;
            foreach (explode('/', $scope) as $part) {
                $key = hash_hmac('sha256', $part, $key, true);
            }
            $signature = hash_hmac('sha256', $toSign, $key);
            $headers['Authorization'] = "AWS4-HMAC-SHA256 Credential={$this->keyId}/$scope, SignedHeaders=$names, "
                . "Signature=$signature";
            return $headers;
        }

        private static function pathOf(string $id): string
        {
            if (!preg_match('/^[0-9A-Za-z]+$/D', $id)) {
                throw new \InvalidArgumentException('the id of a payment is letters and digits');
            }
            return "/payments/$id";
        }

        /** A setting as given, else of the environment, else the default; without one it is required. */
        private static function setting(array $settings, string $name, string $variable, ?string $default): string
        {
            $found = $settings[$name] ?? (getenv($variable) ?: ($_SERVER[$variable] ?? $_ENV[$variable] ?? ''));
            $found = is_string($found) && $found !== '' ? $found : $default;
            if ($found === null) {
                throw new \InvalidArgumentException("the setting $name is missing: set $variable or pass it");
            }
            return $found;
        }

        /** The region in API Gateway's own host name. */
        private static function regionOf(string $url): string
        {
            $parts = explode('.', (string) parse_url($url, PHP_URL_HOST));
            return count($parts) > 3 && $parts[1] === 'execute-api' ? $parts[2] : 'us-east-1';
        }
    }
}
