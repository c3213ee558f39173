// A NestJS application whose controllers act as their callers. TypeScript needs experimentalDecorators and
// emitDecoratorMetadata, as for every application of NestJS. Start it with `node --import impersonate/register`.
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { Controller, Get, Module, type OnApplicationBootstrap, Param } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, NestFactory } from '@nestjs/core';
import { OperationGuard, OperationInterceptor, operation, service, validate } from 'impersonate/declarative';
import { actAs } from 'impersonate/http';

const folder = process.env.FILES ?? '/srv/files';

@Controller('files')
@service({ authentication: 'impersonation' })
export class FilesController {
  /** Read by the kernel as the caller. */
  @Get(':name')
  @operation({ impersonation: 'required' })
  read(@Param('name') name: string): Promise<string> {
    return fs.readFile(path.join(folder, path.basename(name)), 'utf8');
  }

  /** Of the service itself. */
  @Get()
  @operation({ impersonation: 'notAllowed' })
  status(): string {
    return 'ready';
  }
}

/** Checks all controllers before the application listens: also those that have no `@service()`. */
@Module({ imports: [DiscoveryModule], controllers: [FilesController] })
export class AppModule implements OnApplicationBootstrap {
  constructor(private readonly discovery: DiscoveryService) {}

  onApplicationBootstrap(): void {
    validate(this.discovery.getControllers().flatMap(({ metatype }) => metatype ?? []));
  }
}

const app = await NestFactory.create(AppModule);
// The user of the request: here by a header that a proxy in front of the application sets, and removes from requests.
app.use(
  actAs((request) => request.headers['x-remote-user'] as string | undefined, { required: false }).express,
);
app.useGlobalGuards(new OperationGuard());
app.useGlobalInterceptors(new OperationInterceptor());
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
