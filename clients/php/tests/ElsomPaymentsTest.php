<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../ElsomPayments.php';
require_once __DIR__ . '/server.php';

/** Settings, and what PHP adds to the conformance list: the many forms of headers, and what a trace shows. */
final class ElsomPaymentsTest extends TestCase
{
    private const KEYS = [
        'region' => 'eu-central-1',
        'accessKeyId' => 'AKIAMADEUP',
        'secretAccessKey' => 'made-up-secret',
    ];
    private const SECRET = 'whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=';
    private const BODY = '{"eventId":"E1","type":"payment.paid","sequence":1,"occurredAt":"2026-11-24T09:00:00.000Z"}';
    private const NOW = 1795510862;

    private static Server $server;

    public static function setUpBeforeClass(): void
    {
        self::$server = new Server();
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
    }

    protected function setUp(): void
    {
        forgetSettings();
    }

    private static function sentBy(ElsomPayments $api): array
    {
        return json_decode(base64_decode(basename($api->start('1.00', 'A-1', 'k')['checkoutUrl'])), true);
    }

    private static function signature(): string
    {
        $key = base64_decode(substr(self::SECRET, 6));
        return 'v1,' . base64_encode(hash_hmac('sha256', 'E1.' . self::NOW . '.' . self::BODY, $key, true));
    }

    public function testSettingsComeFromTheEnvironment(): void
    {
        putenv('ELSOM_API_URL=' . self::$server->url . '/echo/v1/');
        putenv('AWS_REGION=eu-north-1');
        putenv('AWS_ACCESS_KEY_ID=AKIAOFENV');
        putenv('AWS_SECRET_ACCESS_KEY=made-up');
        putenv('AWS_SESSION_TOKEN=token');
        $headers = self::sentBy(new ElsomPayments())['headers'];
        $scope = '~Credential=AKIAOFENV/\d+/eu-north-1/execute-api/~';
        self::assertMatchesRegularExpression($scope, $headers['authorization']);
        self::assertSame('token', $headers['x-amz-security-token']);
    }

    public function testSettingsOfTheWebServerDoToo(): void
    {
        $_SERVER['AWS_REGION'] = 'eu-west-1';
        $settings = ['apiUrl' => self::$server->url . '/echo/v1', 'region' => null] + self::KEYS;
        $headers = self::sentBy(new ElsomPayments($settings))['headers'];
        self::assertStringContainsString('/eu-west-1/', $headers['authorization']);
    }

    public function testATokenOfTheEnvironmentIsNotSentWithAnotherKey(): void
    {
        putenv('AWS_SESSION_TOKEN=token');
        $api = new ElsomPayments(['apiUrl' => self::$server->url . '/echo/v1'] + self::KEYS);
        $headers = self::sentBy($api)['headers'];
        self::assertArrayNotHasKey('x-amz-security-token', $headers);
    }

    public function testTheRegionIsInTheHostNameOfApiGateway(): void
    {
        $url = 'https://abc123.execute-api.eu-central-1.amazonaws.com/v1';
        $api = new ElsomPayments(['apiUrl' => $url, 'region' => null] + self::KEYS);
        self::assertSame(['url' => $url, 'region' => 'eu-central-1'], $api->__debugInfo());
    }

    /** @dataProvider needed */
    public function testAMissingSettingIsNamed(string $setting, string $variable): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage($variable);
        new ElsomPayments([$setting => null, 'apiUrl' => 'http://x', $setting => ''] + self::KEYS);
    }

    public function needed(): array
    {
        return [
            ['apiUrl', 'ELSOM_API_URL'],
            ['accessKeyId', 'AWS_ACCESS_KEY_ID'],
            ['secretAccessKey', 'AWS_SECRET_ACCESS_KEY'],
        ];
    }

    public function testADumpShowsNoKey(): void
    {
        $shown = print_r(new ElsomPayments(['apiUrl' => 'http://x'] + self::KEYS), true);
        self::assertStringNotContainsString('made-up-secret', $shown);
    }

    public function testEmptyMetadataIsAnObject(): void
    {
        $api = new ElsomPayments(['apiUrl' => self::$server->url . '/echo/v1'] + self::KEYS);
        $payment = $api->start('1.00', 'A-1', 'k', ['metadata' => []]);
        $sent = json_decode(base64_decode(basename($payment['checkoutUrl'])), true);
        self::assertStringContainsString('"metadata":{}', $sent['raw']);
    }

    /** @dataProvider headers */
    public function testHeadersAreReadInEveryFormThatPhpHas(array $headers): void
    {
        $event = ElsomPayments::verifyWebhook(self::BODY, $headers, [self::SECRET], self::NOW);
        self::assertSame('payment.paid', $event['type']);
    }

    public function headers(): array
    {
        $now = (string) self::NOW;
        return [
            'getallheaders' => [[
                'Webhook-Id' => 'E1',
                'Webhook-Timestamp' => $now,
                'Webhook-Signature' => self::signature(),
            ]],
            '$_SERVER' => [[
                'HTTP_WEBHOOK_ID' => 'E1',
                'HTTP_WEBHOOK_TIMESTAMP' => $now,
                'HTTP_WEBHOOK_SIGNATURE' => self::signature(),
                'REQUEST_TIME' => 1,
                'argv' => [],
            ]],
            'PSR-7' => [[
                'webhook-id' => ['E1'],
                'webhook-timestamp' => [$now],
                'webhook-signature' => [self::signature()],
            ]],
        ];
    }

    public function testATraceShowsNoSecret(): void
    {
        try {
            ElsomPayments::verifyWebhook(self::BODY, [], [self::SECRET, 'whsec_not base64 at all']);
            self::fail('it was taken in');
        } catch (ElsomPayments\MalformedSecret $error) {
            self::assertSame('secret 2 is not whsec_ and base64', $error->getMessage());
            self::assertStringNotContainsString('whsec_', $error->getTraceAsString());
        }
    }
}
